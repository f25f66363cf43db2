import { userInfo } from 'node:os'
import type { Verdict } from '../domain/feedback.ts'
import { channelSettings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { openStore, type Store } from '../store/connection.ts'
import { quietForTheSame, type Reopened } from '../store/was-real.ts'
import { sayAbout } from '../workflow/feedback.ts'
import { runWithOperands, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run feedback -- INCIDENT right|wrong|noise|real [--why TEXT] [--should-be TEXT]

Says what a decision was worth. You are the user of this machine. What you say is kept with the decision and weighs on
the next one like it: what two people, or one on two days, called noise is dismissed for a while.

  right      it was right
  wrong      it was an incident, of another cause: --should-be says which
  noise      people were told, and it was none
  real       it was kept quiet, and was real: it is opened again, its people are told, what dismissed it is trusted
             less, and what else was dismissed for the same reason since is listed

  --why TEXT        for others to read
  --should-be TEXT  what it was instead; with \`wrong\`
  --tenant NAME     the tenant, such as acme; default incident_management

Exit code 0 when it is kept, 1 when it can't be, 2 for wrong usage.
`

const verdicts = new Map<string, Verdict>([
  ['right', 'right'],
  ['wrong', 'wrong_cause'],
  ['noise', 'false_alarm'],
  ['real', 'was_real'],
])
const options = { why: { type: 'string' }, 'should-be': { type: 'string' }, tenant: { type: 'string' } } as const

await runWithOperands(
  help,
  'an incident and what you say of it',
  2,
  options,
  async ([incident = '', word = ''], values) => {
    const verdict = verdicts.get(word)
    const shouldBe = textOf(values['should-be'])
    if (!verdict) throw wrong(`“${word}” is no verdict`, `Say one of: ${[...verdicts.keys()].join(', ')}.`)
    if (verdict === 'wrong_cause' && shouldBe === '')
      throw wrong('What it was instead is missing', 'Give it: --should-be "the vendor’s file was late".')
    if (verdict !== 'wrong_cause' && shouldBe !== '')
      throw wrong('--should-be goes with “wrong” only', 'Use --why to explain.')
    const names = ['DATABASE_URL', 'DIM_CONFIG_DIR', ...channelSettings] as const
    const { tenant, settings } = await tenantSettings(values.tenant, names)
    await using store = openStore(settings.DATABASE_URL, tenant)
    const said = { incident, verdict, note: textOf(values.why), shouldBe, who: userInfo().username }
    const reopened = await sayAbout(store, said, settings)
    process.stdout.write(`Kept: ${said.who} says “${word}” of ${incident}.\n`)
    if (reopened) await tellReopened(store, incident, reopened)
  },
)

async function tellReopened(store: Store, incident: string, { goesOnIn, isReopened, reason }: Reopened): Promise<void> {
  const where = goesOnIn === incident ? incident : `${goesOnIn}, in which it goes on,`
  const what = isReopened
    ? `${where} is open again: its people are told, and it is analysed anew within a minute.`
    : `${where} was not kept quiet, so nothing is opened again.`
  process.stdout.write(`${what}\n`)
  if (reason === null) return
  process.stdout.write(`What kept it quiet: ${reason}.\n`)
  const alike = await quietForTheSame(store, incident)
  if (alike.length === 0) process.stdout.write('Nothing else was kept quiet for that reason since.\n')
  else {
    process.stdout.write(
      `Kept quiet for the same reason since (${alike.length}${alike.length === 50 ? ' or more' : ''}):\n`,
    )
    const rows = alike.map((one) => [one.id, one.severity, one.asset ?? '', one.opened_at.toISOString(), one.title])
    process.stdout.write(`${formatTable(['incident', 'severity', 'asset', 'opened', 'title'], rows)}\n`)
  }
}

function textOf(value: string | boolean | undefined): string {
  return typeof value === 'string' ? value.trim().slice(0, 500) : ''
}

function wrong(message: string, hint: string): AppError {
  return new AppError('E_SETTING_INVALID', `${message}.`, hint)
}
