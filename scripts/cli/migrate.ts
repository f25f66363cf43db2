import { parseArgs } from 'node:util'
import { toAppError } from '../lib/errors.ts'
import { migrate } from '../store/migrate.ts'

const help = `Brings the store's schema to this release. Run it before the new release's flows and tasks.

Usage: npm run migrate

  DATABASE_OWNER_URL   postgres://dim_owner:PASSWORD@HOST/DATABASE, the role that owns the database
  -h, --help           this text

Running it again, or twice at once, is safe. Exit codes: 0 done, 1 failed, 2 called wrongly, 75 try again later.
`

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } })
    if (values.help) {
      process.stdout.write(help)
      return 0
    }
  } catch (thrown) {
    process.stderr.write(`${toAppError(thrown).message}\n\n${help}`)
    return 2
  }
  const url = process.env.DATABASE_OWNER_URL
  if (!url) {
    process.stderr.write('E_SETTING_MISSING: DATABASE_OWNER_URL is not set.\n')
    return 2
  }
  try {
    const applied = await migrate(url)
    process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'The schema is up to date.\n')
    return 0
  } catch (thrown) {
    const { code, message, hint, retryable } = toAppError(thrown)
    process.stderr.write(`${code}: ${message}\n${hint}\n`)
    return retryable ? 75 : 1
  }
}

process.exitCode = await main()
