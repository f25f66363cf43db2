import { userInfo } from 'node:os'
import { readDuration } from '../domain/duration.ts'
import { AppError } from '../lib/errors.ts'
import { openStore, type Store } from '../store/connection.ts'
import { addSilence, endSilence, type KeptSilence, listSilences, type NewSilence } from '../store/silences.ts'
import { readSilence } from '../workflow/new-silence.ts'
import { runSubcommand, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run silence -- add --why TEXT (--asset NAME | --source NAME | --labels K=V,…) (--for 2h | --until TIME)
       npm run silence -- list [--all]
       npm run silence -- end --id SIL-…

Trouble that a silence covers is kept and folded, and wakes nobody. When the silence ends and the trouble goes on, it is
analysed then. Windows that a team plans ahead may stand in config/catalog.yaml instead.

  --why TEXT      the reason, which others will read
  --asset NAME    the asset's name; --source NAME: alertmanager, plain/datadog; --labels K=V,K=V
                  all that is given must fit; * stands for any characters
  --for TIME      how long: 30m, 2h, 3d; --until TIME: an ISO time such as 2026-12-01T06:00:00+01:00
  --from TIME     from when on; default now
  --cron "M H D M W" --minutes N [--zone Europe/Berlin]
                  a recurring one: when it begins, how long it lasts, in which zone; --for and --until may be left out
  --who NAME      who says so; default the user of this machine
  --id ID         which one to end
  --all           list those that are over, too
  --tenant NAME   the tenant, such as acme; default incident_management
`
const options = {
  why: { type: 'string' },
  asset: { type: 'string' },
  source: { type: 'string' },
  labels: { type: 'string' },
  for: { type: 'string' },
  until: { type: 'string' },
  from: { type: 'string' },
  cron: { type: 'string' },
  minutes: { type: 'string' },
  zone: { type: 'string' },
  who: { type: 'string' },
  id: { type: 'string' },
  all: { type: 'boolean' },
  tenant: { type: 'string' },
} as const
type Values = Readonly<Record<string, string | boolean | undefined>>

await runSubcommand(help, ['add', 'list', 'end'], options, async (subcommand, values) => {
  // What was typed is judged before the store is asked for.
  const wanted = subcommand === 'add' ? await wantedSilence(values) : null
  const { tenant, settings } = await tenantSettings(values.tenant, ['DATABASE_URL'])
  await using store = openStore(settings.DATABASE_URL, tenant)
  if (wanted) {
    const id = await addSilence(store, { ...wanted, by: whoSays(values) })
    process.stdout.write(`${id} is set${wanted.until ? `, until ${wanted.until.toISOString()}` : ''}.\n`)
  } else if (subcommand === 'list') list(await listSilences(store, { all: values.all === true }))
  else await end(store, values)
})

async function wantedSilence(values: Values): Promise<Omit<NewSilence, 'by'>> {
  const span = textOf(values, 'for')
  const forMs = span === undefined ? null : readDuration(span)
  if (span !== undefined && (forMs === null || forMs <= 0))
    throw wrong(`--for ${span} is no time`, 'Give it as 30m, 2h or 3d.')
  const from = instantOf(values, 'from') ?? new Date()
  const minutes = textOf(values, 'minutes')
  const until = instantOf(values, 'until') ?? (forMs === null ? undefined : new Date(from.getTime() + forMs))
  const read = await readSilence(
    {
      why: textOf(values, 'why') ?? '',
      asset: textOf(values, 'asset'),
      source: textOf(values, 'source'),
      labels: labelsOf(values),
      from: from.toISOString(),
      until: until?.toISOString(),
      cron: textOf(values, 'cron'),
      minutes: minutes === undefined ? undefined : Number(minutes),
      zone: textOf(values, 'zone'),
    },
    new Date(),
  )
  if ('silence' in read) return read.silence
  throw wrong(
    read.faults.map(({ field, message }) => `${field || 'It'}${field ? ': ' : ' '}${message}`).join('; '),
    'See --help; an add needs --why, what it is about, and until when.',
  )
}

async function end(store: Store, values: Values): Promise<void> {
  const id = textOf(values, 'id')
  if (id === undefined) throw wrong('Which silence is to end?', 'Give --id; npm run silence -- list shows them.')
  if (!(await endSilence(store, id, whoSays(values)))) {
    throw wrong(`There is no silence ${id.slice(0, 40)} to end`, 'npm run silence -- list shows those that are set.')
  }
  process.stdout.write(`${id} has ended; what it kept quiet is looked at within a minute.\n`)
}

function list(silences: readonly KeptSilence[]): void {
  const rows = silences.map((one) => [
    one.id,
    [one.asset, one.source && `source ${one.source}`, ...Object.entries(one.labels).map((pair) => pair.join('='))]
      .filter(Boolean)
      .join(', '),
    one.cron ? `${one.cron} for ${one.minutes} min, ${one.zone ?? 'UTC'}` : one.starts_at.toISOString(),
    one.ended_at ? `ended by ${one.ended_by ?? '?'}` : (one.ends_at?.toISOString() ?? 'ended by hand only'),
    one.created_by,
    one.name,
  ])
  const text = rows.length === 0 ? 'No silences.' : formatTable(['id', 'about', 'from', 'until', 'who', 'why'], rows)
  process.stdout.write(`${text}\n`)
}

function labelsOf(values: Values): Record<string, string> | undefined {
  const given = textOf(values, 'labels')
  if (given === undefined) return undefined
  const pairs = given.split(',').map((pair) => /^\s*([^=]+?)\s*=\s*(.+?)\s*$/.exec(pair)?.slice(1) ?? [])
  if (pairs.some(([name]) => name === undefined))
    throw wrong(`--labels ${given} is no list of K=V`, 'Give it as --labels team=core,env=dev.')
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]))
}

function instantOf(values: Values, name: string): Date | undefined {
  const given = textOf(values, name)
  if (given === undefined) return undefined
  const time = new Date(given)
  if (!Number.isNaN(time.getTime()) && /^\d{4}-\d\d-\d\d/.test(given)) return time
  throw wrong(`--${name} ${given} is no time`, 'Give it as 2026-12-01T06:00:00+01:00.')
}

function whoSays(values: Values): string {
  return textOf(values, 'who') ?? userInfo().username
}

function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function wrong(message: string, hint: string): AppError {
  return new AppError('E_SETTING_INVALID', `${message}.`, hint)
}
