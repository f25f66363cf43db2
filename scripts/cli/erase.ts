import { userInfo } from 'node:os'
import { AppError } from '../lib/errors.ts'
import { openStore } from '../store/connection.ts'
import { eraseText } from '../store/erase.ts'
import { runCommand, tenantSettings } from './launch.ts'

const least = 4
const help = `Usage: npm run erase -- --match TEXT [--yes] [--tenant NAME]

Takes a text (a name, an address, a number of a person) out of payloads, alerts, evidence, decisions, messages and
everything else that the store keeps of a tenant; "erased" stands in its place. Without --yes it only counts. Case does not
matter. The audit log loses it too and keeps hashes: of the text, and of each line that was changed, so that
\`npm run audit -- --chain\` still holds. A person's account gets another name, and nobody logs in by it any more.

  --match TEXT    four characters at least; as it is, and as JSON writes it
  --yes           does it; it can't be undone
  --tenant NAME   the tenant, such as acme; default incident_management

Settings: DATABASE_OWNER_URL; that of a running \`npm start\` when it is not set. Not reached: what was sent already, and
Kestra's own executions, which hold bodies for as long as config/retention.yaml says. A text inside an encoded body
(base64) is not seen there; the alert that was read from it is.
`

await runCommand(
  help,
  { match: { type: 'string' }, yes: { type: 'boolean' }, tenant: { type: 'string' } },
  async ({ match, yes, tenant }) => {
    if (typeof match !== 'string' || match.trim().length < least) {
      throw new AppError(
        'E_SETTING_INVALID',
        `--match needs a text of ${least} characters at least.`,
        'Give a longer one.',
      )
    }
    const { tenant: namespace, settings } = await tenantSettings(tenant, ['DATABASE_OWNER_URL'])
    await using store = openStore(settings.DATABASE_OWNER_URL ?? '', namespace)
    const apply = yes === true
    const found = await eraseText(store, match, { apply, by: userInfo().username })
    for (const { place, found: rows } of found) process.stdout.write(`${String(rows).padStart(8)}  ${place}\n`)
    const changed = found.reduce((sum, one) => sum + one.found, 0)
    if (found.length === 0) process.stdout.write('It is nowhere in the store.\n')
    else if (apply) process.stdout.write(`Erased in ${changed} places.\n`)
    else process.stdout.write(`${changed} places would be changed; nothing was. Add --yes to do it.\n`)
  },
)
