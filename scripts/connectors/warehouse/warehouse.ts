import type { Asset } from '../../domain/alert.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { isCalled } from '../../domain/system.ts'
import { oneLine } from '../../domain/text.ts'
import { type Baseline, type TableName, type TableState, tableChanges, tableName } from '../../domain/warehouse.ts'
import { AppError } from '../../lib/errors.ts'
import type { ConnectorContext, Question } from '../connector.ts'
import { type About, changeEvidence, stateEvidence } from './evidence.ts'

/** A table that a warehouse has. */
export interface FoundTable {
  state: TableState
}

/** One SQL warehouse in one session: what the questions need of it, whatever it is. Metadata only, no table is read. */
export interface Warehouse<T extends FoundTable> {
  readonly source: About['source']
  /** The database that a name without one is looked for in, where it is known. */
  readonly database: string | null
  /** The one table that each name means; null where there is none, or several could be meant. */
  find(names: readonly TableName[]): Promise<(T | null)[]>
  /** What else it knows: locks, what was done to it. Of a table that is gone (null) too. */
  beyond(found: T | null): Promise<EvidenceDraft[]>
}

/** A change longer ago is no news. */
const changesMs = 48 * 3_600_000

/** What a warehouse tells of an asset. @throws AppError E_ASSET_UNKNOWN where the table should be and is not */
export async function askAbout<T extends FoundTable>(
  warehouse: Warehouse<T>,
  asset: Asset,
  question: Question,
  context: ConnectorContext,
): Promise<EvidenceDraft[]> {
  const about = { source: warehouse.source, asset: asset.name, now: question.now }
  const names = namesOf(asset)
  const found = (await warehouse.find(names)).find((one) => one !== null)
  if (found) return [...(await changesOf(found.state, about, context)), ...(await warehouse.beyond(found))]
  const gone = await goneSince(about, context)
  if (gone.length > 0) return [...gone, ...(await warehouse.beyond(null))]
  if (!isAtHome(warehouse, asset, names, context)) return []
  throw new AppError(
    'E_ASSET_UNKNOWN',
    `It has no table called ${oneLine(asset.name, 250)}, or several.`,
    'Check the name in the alert: schema.table, or database.schema.table.',
  )
}

/** As the alert spells it, and as its monitor did. */
export function namesOf({ name, native }: Asset): TableName[] {
  return [native?.table, name].flatMap((text) => (text === undefined ? [] : (tableName(text) ?? [])))
}

/** What a table is now, and what became of it since it was looked at. */
async function changesOf(state: TableState, about: About, { library, system }: ConnectorContext) {
  const { now } = about
  const before = recent(await library.warehouse.before(system.name, state.name, now), now)
  const kept = await library.warehouse.changesOf(system.name, state.name, new Date(now.getTime() - changesMs))
  const fresh = before ? tableChanges(before.state, state).map((change) => ({ at: now, change })) : []
  return [
    stateEvidence(state, before, about),
    ...[...fresh, ...kept].map((change) => changeEvidence(state.name, change, about)),
  ]
}

/** What was seen long ago says nothing about now: the table is no longer watched. */
function recent(before: Baseline | null, now: Date): Baseline | null {
  return before && now.getTime() - before.seenAt.getTime() < changesMs ? before : null
}

/** Of a table that is not there: that it was, if so. */
async function goneSince(about: About, { library, system }: ConnectorContext): Promise<EvidenceDraft[]> {
  const { asset: name, now } = about
  const kept = await library.warehouse.changesOf(system.name, name, new Date(now.getTime() - changesMs))
  const before = kept.length > 0 ? null : recent(await library.warehouse.before(system.name, name, now), now)
  const gone = before ? [{ at: now, change: { what: 'dropped' } as const }] : kept
  return gone.map((change) => changeEvidence(name, change, about))
}

/** Not every table is this one's. */
function isAtHome<T extends FoundTable>(
  { database }: Warehouse<T>,
  { system: called }: Asset,
  names: readonly TableName[],
  { system }: ConnectorContext,
): boolean {
  if (called != null && isCalled(system, called)) return true
  return database !== null && names.some((one) => one.database?.toLowerCase() === database.toLowerCase())
}
