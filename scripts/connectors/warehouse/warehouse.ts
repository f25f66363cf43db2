import type { Asset } from '../../domain/alert.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { isCalled } from '../../domain/system.ts'
import { oneLine } from '../../domain/text.ts'
import {
  type Baseline,
  isSeen,
  type Sight,
  type TableName,
  type TableState,
  tableChanges,
  tableName,
} from '../../domain/warehouse.ts'
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
  /** The one table that each name means, in the order of the names. */
  find(names: readonly TableName[]): Promise<Sight<T>[]>
  /** Whether its own history tells that a table that it does not show was dropped. Absent where all is shown. */
  wasDropped?(): Promise<boolean>
  /** What a role needs to be shown a table of that name. */
  grant?(name: string): string
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
  const found = (await warehouse.find(names)).find(isSeen)
  if (found) return [...(await changesOf(found.state, about, context)), ...(await warehouse.beyond(found))]
  const gone = await goneSince(warehouse, names, about, context)
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

/**
 * Of a table that is not there: that it was, and what became of it, if so. The clock knows it by its full name, whatever
 * the alert calls it. @throws AppError E_ASSET_DENIED where nobody can say whether it is gone or only hidden
 */
async function goneSince<T extends FoundTable>(
  warehouse: Warehouse<T>,
  names: readonly TableName[],
  about: About,
  { library, system }: ConnectorContext,
): Promise<EvidenceDraft[]> {
  const { now } = about
  const since = new Date(now.getTime() - changesMs)
  const alike = await Promise.all(names.map((name) => library.warehouse.namesLike(system.name, name, since)))
  const full = alike.find((some) => some.length > 0)
  const [name] = full ?? []
  const parts = tableName(name ?? '')
  if (name === undefined || parts === null || full?.length !== 1) return []
  const kept = await library.warehouse.changesOf(system.name, name, since)
  const before = recent(await library.warehouse.before(system.name, name, now), now)
  const isGone = before !== null && (await isAway(warehouse, parts, name))
  const fresh = isGone ? [{ at: now, change: { what: 'dropped' } as const }] : []
  return [...fresh, ...kept].map((change) => changeEvidence(name, change, about))
}

async function isAway<T extends FoundTable>(warehouse: Warehouse<T>, parts: TableName, name: string): Promise<boolean> {
  const [sight] = await warehouse.find([parts])
  if (sight !== 'unseen') return sight === 'absent'
  if (await warehouse.wasDropped?.()) return true
  throw new AppError(
    'E_ASSET_DENIED',
    `It shows ${oneLine(name, 250)} no more, nor what stands around it: it is gone, or its role lost a right.`,
    warehouse.grant?.(name) ?? 'See there whether it still is.',
  )
}

/** Not every table is this one's. */
function isAtHome<T extends FoundTable>(
  { database }: Warehouse<T>,
  { system: called }: Asset,
  names: readonly TableName[],
  { system, isSole }: ConnectorContext,
): boolean {
  if (isSole) return true
  if (called != null && isCalled(system, called)) return true
  return database !== null && names.some((one) => one.database?.toLowerCase() === database.toLowerCase())
}
