import { createHash } from 'node:crypto'
import { userInfo } from 'node:os'
import { AppError } from '../lib/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { openStore } from '../store/connection.ts'
import { eraseText } from '../store/erase.ts'
import { runCommand, tenantSettings } from './launch.ts'

const least = 4
const help = `Usage: npm run erase -- --match TEXT [--yes] [--tenant NAME]

Takes a text (a name, an address, a number of a person) out of payloads, alerts, evidence, decisions, messages and
everything else that the store keeps of a tenant; "erased" stands in its place. Without --yes it only counts. Case does not
matter. The audit log keeps a hash of the text, and is never changed itself.

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
    const found = await eraseText(store, match, { apply })
    for (const { place, found: rows } of found) process.stdout.write(`${String(rows).padStart(8)}  ${place}\n`)
    const changed = found.filter(({ place }) => !place.startsWith('audit.')).reduce((sum, one) => sum + one.found, 0)
    if (found.length === 0) process.stdout.write('It is nowhere in the store.\n')
    else if (apply) process.stdout.write(`Erased in ${changed} places.\n`)
    else process.stdout.write(`${changed} places would be changed; nothing was. Add --yes to do it.\n`)
    if (found.some(({ place }) => place.startsWith('audit.'))) process.stdout.write('The audit log keeps it.\n')
    if (apply) {
      const hash = createHash('sha256').update(match.toLowerCase()).digest('hex')
      const detail = { sha256: hash, places: Object.fromEntries(found.map((one) => [one.place, one.found])) }
      await appendAudit(store, { actor: userInfo().username, what: 'erased', subject: null, detail })
    }
  },
)
