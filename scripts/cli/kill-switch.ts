import { userInfo } from 'node:os'
import { RemediationTemplate } from '../domain/decision.ts'
import { AppError } from '../lib/errors.ts'
import { openStore } from '../store/connection.ts'
import { type SwitchSubject, thrownSwitches } from '../store/switches.ts'
import { releaseSwitch, throwSwitch } from '../workflow/switches.ts'
import { runSubcommand, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run kill-switch -- on | off | status [--template NAME] [--why TEXT] [--tenant NAME]

Stops every fix of a tenant, at its next step. Messages still go out. Anybody may throw it; only an admin of
config/policy.yaml (\`admins:\`) may release it, by the user name of this machine.

  on               throws it
  off              releases it
  status           what is thrown, by whom and why
  --template NAME  that template only: one that failed three verifications in a row was switched off like this
  --why TEXT       kept with it
  --tenant NAME    the tenant, such as acme; default incident_management
`
const options = { template: { type: 'string' }, why: { type: 'string' }, tenant: { type: 'string' } } as const

await runSubcommand(help, ['on', 'off', 'status'], options, async (subcommand, values) => {
  const { tenant, settings } = await tenantSettings(values.tenant, ['DATABASE_URL', 'DIM_CONFIG_DIR'])
  await using store = openStore(settings.DATABASE_URL, tenant)
  const subject = subjectOf(values.template)
  const who = userInfo().username
  const why = typeof values.why === 'string' ? values.why : 'no reason given'
  if (subcommand === 'on') await throwSwitch(store, { subject, who, why })
  if (subcommand === 'off') await releaseSwitch(store, { subject, who, why }, settings)
  const rows = (await thrownSwitches(store)).map((one) => [one.subject, one.at.toISOString(), one.who, one.why])
  const text = rows.length === 0 ? 'No switch is thrown.' : formatTable(['stops', 'since', 'by', 'why'], rows)
  process.stdout.write(`${text}\n`)
})

function subjectOf(template: unknown): SwitchSubject {
  if (template === undefined) return '*'
  const known = RemediationTemplate.safeParse(template)
  if (known.success) return known.data
  throw new AppError(
    'E_SETTING_INVALID',
    `There is no template ${String(template).slice(0, 60)}.`,
    `It is one of: ${RemediationTemplate.options.join(', ')}.`,
  )
}
