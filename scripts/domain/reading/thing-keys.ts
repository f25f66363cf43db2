import type { AssetKind } from '../alert.ts'
import { assetKeyOf } from './asset.ts'

/** Keys that name a thing in bodies of people's own making, by the key of `asset.ts` that counts as much. */
const likes: readonly (readonly [AssetKind, like: string, keys: string])[] = [
  ['job', 'workflow', 'cronjob workflowname'],
  ['job', 'job', 'processname processchain chain batchjob snitch checkin plugin extractor loader activityname'],
  [
    'host',
    'host',
    'fqdn hostnameandport hostandport hostsfailinglist newlyfailing failinghosts recovered recoveredhosts',
  ],
  ['job', 'computer', 'script process'],
  ['service', 'entity', 'where feed feedname'],
  ['service', 'topic', 'database databasename db warehouse warehousename'],
  ['service', 'cluster', 'system systemname'],
]

const own = new Map(
  likes.flatMap(([kind, like, names]) =>
    names
      .split(' ')
      .map((name, index) => [name, { kind, rank: (assetKeyOf(like)?.rank ?? 0) + (index + 1) / 100 }] as const),
  ),
)

/** The kind that a plain key speaks of and how telling it is (0 is most), home-grown keys included; null when it names no thing. */
export function thingKeyOf(key: string): { kind: AssetKind; rank: number } | null {
  return assetKeyOf(key) ?? own.get(key) ?? null
}
