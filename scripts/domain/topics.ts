import type { Asset, AssetKind, Category } from './alert.ts'

/** What can be asked about. Each connector names those that it can tell of. */
export type Topic =
  /** Owner, tier, promises, maintenance. */
  | 'business'
  /** Runs, tasks, tries and logs of whatever makes the data. */
  | 'runs'
  /** Models, tests, freshness, lineage. */
  | 'models'
  /** Rows, columns, locks, rights of a table. */
  | 'tables'
  /** What people changed shortly before. */
  | 'changes'
  /** Measured values and what is usual for them. */
  | 'load'

/** What tells something about each kind of trouble. Business is asked about always: it says how much it matters. */
const byCategory: Record<Category, readonly Topic[]> = {
  schema_change: ['models', 'tables', 'changes', 'runs'],
  freshness: ['runs', 'models', 'tables', 'changes'],
  volume: ['runs', 'models', 'tables', 'changes', 'load'],
  data_quality: ['models', 'tables', 'runs', 'changes'],
  pipeline_failure: ['runs', 'models', 'changes', 'tables'],
  pipeline_delay: ['runs', 'models', 'tables', 'changes', 'load'],
  lock: ['tables', 'runs'],
  resource: ['load', 'runs', 'changes'],
  infrastructure: ['load', 'runs', 'changes'],
  access: ['tables', 'changes'],
  cost: ['tables', 'load', 'changes'],
  unknown: ['runs', 'models', 'tables', 'changes', 'load'],
}

/** What each kind of asset is at home in, asked whatever the trouble. */
const byKind: Record<AssetKind, readonly Topic[]> = {
  table: ['tables', 'models'],
  model: ['models'],
  source: ['models', 'tables'],
  dag: ['runs'],
  task: ['runs'],
  job: ['runs'],
  connector: ['runs'],
  service: ['load'],
  host: ['load'],
  dashboard: ['models'],
}

/** What to ask about, from what an alert is about. */
export function topicsFor(asset: Asset | null, category: Category): ReadonlySet<Topic> {
  return new Set<Topic>(['business', ...(asset ? byKind[asset.kind] : []), ...byCategory[category]])
}
