import type { AssetKind } from '../alert.ts'
import { remember } from '../remember.ts'
import { assetKeyOf, assetKeys } from './asset.ts'

/** Keys that name a thing in bodies of people's own making, by the key of `asset.ts` that counts as much. */
const likes: readonly (readonly [AssetKind, like: string, keys: string])[] = [
  ['job', 'workflow', 'cronjob workflowname'],
  ['job', 'job', 'processname processchain chain batchjob snitch checkin plugin extractor loader activityname'],
  [
    'host',
    'host',
    'fqdn hostnameandport hostandport hostsfailinglist newlyfailing failinghosts recovered recoveredhosts',
  ],
  ['host', 'vm', 'ident targetident objname objid'],
  ['job', 'computer', 'script process procedure'],
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

const none = { kind: null, rank: 0 } as const
/** Where a key ends in another that names a thing: `dbInstanceName`, `unInstanceId`, `sourceTable`, `kafkaTopic`. */
export function thingKeyAtEnd(key: string): { kind: AssetKind; rank: number } | null {
  const { kind, rank } = endsIn(key)
  return kind === null ? null : { kind, rank }
}

/** The others end words that name nothing: `ghost`, `summaryFunction`. */
const ends = assetKeys.filter((key) =>
  /.(?:name|id)$|^(?:table|dataset|topic|bucket|connector|pipeline|server)$/.test(key),
)
/** As if it stood a little further down the list: the key itself says more. */
const endCost = 8

const endsIn = remember<{ kind: AssetKind | null; rank: number }>((key) => {
  const isWhole = !/^(?:reporting|parent|source|remote)/.test(key)
  const known = ends.find((one) => one.length < key.length && key.endsWith(one))
  const found = thingKeyOf(key.replace(/id$/, '')) ?? (known === undefined || !isWhole ? null : assetKeyOf(known))
  return found === null ? none : { kind: found.kind, rank: found.rank + endCost }
})
