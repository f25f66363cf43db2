import { formatTable } from '../table.ts'
import type { Trial } from './trial.ts'
import type { KillStep, Way } from './ways.ts'

/** What came of killing one way's process at one step, over all its trials. */
export interface FaultRow {
  way: string
  promise: Way['promise']
  step: KillStep
  kills: number
  /** Incidents whose receiver counts nothing: what may never happen. */
  lost: number
  /** Incidents whose receiver counts more than one. */
  repeated: number
  /** Of those, the ones in which no copy says that it may be one. */
  unmarked: number
  /** Incidents in no end state. */
  open: number
  breaches: string[]
}

export function judge(way: Way, step: KillStep, trials: readonly Trial[]): FaultRow {
  const lost = trials.filter(({ count }) => count === 0).length
  const repeats = trials.filter(({ count }) => count > 1)
  const unmarked = repeats.filter(({ marked }) => marked === 0).length
  const open = trials.filter(({ atRest }) => !atRest).length
  const mayRepeat = way.promise === 'at least once' && step === 'between call and record'
  return {
    way: way.name,
    promise: way.promise,
    step,
    kills: trials.length,
    lost,
    repeated: repeats.length,
    unmarked,
    open,
    breaches: [
      ...(lost > 0 ? [`${lost} lost`] : []),
      ...(repeats.length > 0 && !mayRepeat ? [`${repeats.length} repeated`] : []),
      ...(unmarked > 0 && mayRepeat ? [`${unmarked} repeats not marked`] : []),
      ...(open > 0 ? [`${open} in no end state`] : []),
    ],
  }
}

const header = ['what leaves', 'promise', 'killed', 'kills', 'lost', 'repeated', 'marked', 'not ended', ''] as const

function cells(row: FaultRow): string[] {
  const { way, promise, step, kills, lost, repeated, unmarked, open, breaches } = row
  const marked = repeated === 0 ? '' : String(repeated - unmarked)
  const numbers = [kills, lost, repeated].map(String)
  return [way, promise, step, ...numbers, marked, String(open), breaches.length > 0 ? breaches.join(', ') : 'holds']
}

export function plainTable(rows: readonly FaultRow[]): string {
  return formatTable(header, rows.map(cells))
}

export function markdownTable(rows: readonly FaultRow[]): string {
  const line = (values: readonly string[]) => `| ${values.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n')
}
