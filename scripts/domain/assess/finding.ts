import type { Alert, Category } from '../alert.ts'
import type { Evidence, EvidenceKind } from '../evidence.ts'
import type { Neighbourhood, Relation } from './asset-names.ts'
import type { FailureClass } from './failure-class.ts'

/** What one piece of evidence means. */
export type Sign =
  // Something is wrong.
  | 'task_failed'
  | 'task_stuck'
  | 'run_failed'
  | 'run_late'
  | 'model_failed'
  | 'sync_failed'
  | 'test_failed'
  | 'data_late'
  | 'data_lost'
  | 'data_multiplied'
  | 'schema_broken'
  | 'lock_abandoned'
  | 'lock_working'
  | 'beyond_normal'
  // Something is to be watched.
  | 'task_retrying'
  | 'task_slow'
  | 'run_slow'
  | 'test_warned'
  | 'data_aging'
  | 'schema_grown'
  | 'lock_brief'
  // Something is well.
  | 'recovered'
  | 'within_normal'
  | 'claimed_normal'
  | 'not_due'
  | 'in_time'

const troubles: ReadonlySet<Sign> = new Set<Sign>([
  'task_failed',
  'task_stuck',
  'run_failed',
  'run_late',
  'model_failed',
  'sync_failed',
  'test_failed',
  'data_late',
  'data_lost',
  'data_multiplied',
  'schema_broken',
  'lock_abandoned',
  'lock_working',
  'beyond_normal',
])

export function isTrouble(sign: Sign): boolean {
  return troubles.has(sign)
}

const categoryBySign: Partial<Record<Sign, Category>> = {
  task_failed: 'pipeline_failure',
  task_retrying: 'pipeline_failure',
  run_failed: 'pipeline_failure',
  model_failed: 'pipeline_failure',
  sync_failed: 'pipeline_failure',
  task_stuck: 'pipeline_delay',
  task_slow: 'pipeline_delay',
  run_late: 'pipeline_delay',
  run_slow: 'pipeline_delay',
  test_failed: 'data_quality',
  test_warned: 'data_quality',
  data_late: 'freshness',
  data_aging: 'freshness',
  data_lost: 'volume',
  data_multiplied: 'volume',
  schema_broken: 'schema_change',
  schema_grown: 'schema_change',
  lock_abandoned: 'lock',
  lock_working: 'lock',
  lock_brief: 'lock',
}

/** What kind of trouble a sign is of; null where it is of none in particular. */
export function categoryOfSign(sign: Sign): Category | null {
  return categoryBySign[sign] ?? null
}

export interface Finding {
  sign: Sign
  /** Whether it is trouble, as against something to be watched or something well. */
  isWrong: boolean
  /** Read by a connector, as against claimed by the payload. */
  observed: boolean
  kind: EvidenceKind
  relation: Relation
  evidence: string[]
  /** One sentence in plain words, without its end. */
  says: string
  failure: FailureClass | null
  /** What a fix would aim at, in the system's own spelling. */
  target: string | null
}

/** What a piece is read against. */
export interface View {
  alerts: readonly Alert[]
  evidence: readonly Evidence[]
  around: Neighbourhood
  now: Date
  /** When the condition began, as the alerts say, in milliseconds. */
  began: number
}

/** What a reader answers; the rest is the same for all. */
export type Reading = Partial<Pick<Finding, 'relation' | 'failure' | 'target' | 'evidence'>> & {
  sign: Sign
  says: string
}

/** How what a piece speaks of stands to the incident; `name` where the piece itself names no asset. */
export function relationOfData(item: Evidence, name: string | null, view: View): Relation {
  const isHost = view.alerts.some(({ asset }) => asset?.kind === 'host' || asset?.kind === 'service')
  return view.around.relationOf(item.asset ?? name, item.kind === 'metric' && isHost ? 'compute' : 'data')
}

/** `6 h`, `1 h 30 min`, `45 min`. */
export function duration(minutes: number): string {
  const whole = Math.max(0, Math.round(minutes))
  const hours = Math.floor(whole / 60)
  const rest = whole % 60
  if (hours === 0) return `${rest} min`
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
}
