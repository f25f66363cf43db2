import { type Asset, isRelation } from '../domain/alert.ts'
import { sameAsset } from '../domain/assess/asset-names.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { oneLine } from '../domain/text.ts'
import type { Connector } from './connector.ts'
import {
  DataHubOptions,
  type Dataset,
  datasetsLike,
  type Neighbour,
  neighboursOf,
  versionOf,
} from './datahub/client.ts'

const mostNames = 20
/** Who is called first. https://docs.datahub.com/docs/ownership/ownership-types */
const ownerTypes: readonly string[] = ['TECHNICAL_OWNER', 'BUSINESS_OWNER', 'DATA_STEWARD']
/** Where it knows a table in several environments. Others than production are never meant by a name alone. */
const fabrics: readonly [RegExp, string][] = [
  [/^prod/i, 'PROD'],
  [/^stag|^stg/i, 'STG'],
  [/^dev/i, 'DEV'],
  [/^test/i, 'TEST'],
]

/** DataHub as a catalogue: whose a table is, domain, tags, terms, whether it is deprecated, and its lineage. */
export const datahub: Connector = {
  name: 'datahub',
  kinds: { datahub: DataHubOptions },
  settings: [],
  fromSettings: () => null,
  topics: ['business'],
  concerns: ({ asset }) => asset !== null && isRelation(asset.kind),
  owns: () => false,
  shared: ({ asset, environment }) => ({ key: [asset?.name ?? null, environment], seconds: 60 }),

  async gather({ asset, environment, now }, { system, signal }) {
    if (asset === null) return []
    const last = asset.name.slice(asset.name.lastIndexOf('.') + 1)
    const alike = (await datasetsLike(system, last, signal)).filter(({ name }) => sameAsset(name, asset.name))
    const meant = theOne(alike, environment)
    if (meant === null) return []
    const ask = (direction: 'UPSTREAM' | 'DOWNSTREAM') => neighboursOf(system, meant.table.urn, direction, signal)
    const [above, below] = await Promise.all([ask('UPSTREAM'), ask('DOWNSTREAM')])
    const about = { source: 'datahub', asset: asset.name, observed_at: now.toISOString() } as const
    return [
      { ...about, ...entryOf(asset, meant.known, below) },
      { ...about, ...lineageOf(asset, above, below) },
    ]
  },

  async check({ system, signal }) {
    return { version: await versionOf(system, signal), missingRights: [] }
  },
}

/**
 * The one table that is meant, and all that is known of it: what dbt builds, DataHub knows as dbt's and as the
 * warehouse's. Null where there is none, or several could be meant.
 */
function theOne(alike: readonly Dataset[], environment: string | null): { table: Dataset; known: Dataset[] } | null {
  const wanted = fabrics.find(([shape]) => shape.test(environment ?? 'production'))?.[1]
  const placed = alike.map((dataset) => ({ dataset, ...placeOf(dataset.urn) }))
  const near =
    new Set(placed.map(({ fabric }) => fabric)).size > 1 ? placed.filter(({ fabric }) => fabric === wanted) : placed
  const tables = near.filter(({ platform }) => platform !== 'dbt')
  const [table] = tables.length > 0 ? tables : near
  if (!table || tables.length > 1 || near.length > 2) return null
  return { table: table.dataset, known: [table, ...near.filter((one) => one !== table)].map(({ dataset }) => dataset) }
}

/** `urn:li:dataset:(urn:li:dataPlatform:snowflake,prod.finance.fct_revenue,PROD)` */
function placeOf(urn: string): { platform: string; name: string; fabric: string } {
  const [, platform = '', name = urn, fabric = ''] =
    /^urn:li:dataset:\(urn:li:dataPlatform:([^,]+),(.+),([A-Z_]+)\)$/.exec(urn) ?? []
  return { platform, name, fabric }
}

type Piece<K extends EvidenceDraft['kind']> = Pick<Extract<EvidenceDraft, { kind: K }>, 'kind' | 'summary' | 'data'>

function entryOf(asset: Asset, known: readonly Dataset[], below: readonly Neighbour[]): Piece<'catalog_entry'> {
  const [owner = null] = known.flatMap(ownersOf)
  const tags = distinct(known.flatMap((one) => (one.tags?.tags ?? []).map(({ tag }) => labelOf(tag))))
  const terms = distinct(known.flatMap((one) => (one.glossaryTerms?.terms ?? []).map(({ term }) => labelOf(term))))
  const [domain = null] = known.flatMap((one) => one.domain?.domain.properties?.name ?? [])
  const deprecation = known.map((one) => one.deprecation).find((one) => one?.deprecated === true)
  const tier = tierOf([...tags, ...terms])
  const readers = distinct(below.map(({ entity }) => (entity.type === 'DASHBOARD' ? entity.dashboard?.name : null)))
  const note = deprecation?.note ? `: ${oneLine(deprecation.note, 150)}` : ''
  const parts = [
    owner === null ? 'nobody is named as owner' : `owned by ${oneLine(owner, 100)}`,
    tier === null ? null : `tier ${tier}`,
    domain === null ? null : `of the domain ${oneLine(domain, 100)}`,
    terms.length > 0 ? `called ${oneLine(terms.join(', '), 150)}` : null,
    deprecation ? `deprecated${note}` : null,
  ]
  return {
    kind: 'catalog_entry',
    summary: `${asset.name} in DataHub: ${parts.filter(Boolean).join(', ')}.`,
    data: {
      asset: asset.name,
      owner,
      tier,
      consumers: readers.length > 0 ? readers : null,
      domain,
      tags,
      terms,
      deprecated: deprecation !== undefined,
      deprecation_note: deprecation?.note ?? null,
    },
  }
}

/** By name, who is to be called first before the others. */
function ownersOf({ ownership }: Dataset): string[] {
  const rank = (type: string | null | undefined) => {
    const place = ownerTypes.indexOf(type ?? '')
    return place < 0 ? ownerTypes.length : place
  }
  return (ownership?.owners ?? [])
    .toSorted((a, b) => rank(a.type) - rank(b.type))
    .flatMap(({ owner }) => {
      const shown = owner.groupProperties?.displayName || owner.userProperties?.displayName
      return shown || owner.name || owner.username || []
    })
}

function labelOf({
  name,
  properties,
}: {
  name?: string | null | undefined
  properties?: { name?: string | null | undefined } | null | undefined
}) {
  return properties?.name ?? name
}

/** DataHub has none of its own: teams tag them, `Tier1` or `tier:1`. */
function tierOf(labels: readonly string[]): number | null {
  const found = labels.map((label) => /^tier[ ._:-]?([1-4])$/i.exec(label)?.[1]).find((one) => one !== undefined)
  return found === undefined ? null : Number(found)
}

function lineageOf(asset: Asset, above: readonly Neighbour[], below: readonly Neighbour[]): Piece<'lineage'> {
  const [upstream, downstream] = [above, below].map(tablesIn)
  const makers = distinct(above.map(({ degree, entity }) => ((degree ?? 1) <= 1 ? dagOf(entity.urn) : null))).slice(
    0,
    3,
  )
  const made = makers.length > 0 ? `, made by ${makers.join(', ')}` : ''
  return {
    kind: 'lineage',
    summary: `${asset.name} is made from ${upstream?.length ?? 0} and feeds ${downstream?.length ?? 0}${made}.`,
    data: { upstream, downstream, leads: makers.flatMap((name) => assetOf('dag', name) ?? []) },
  }
}

function tablesIn(of: readonly Neighbour[]): string[] {
  return distinct(of.map(({ entity }) => (entity.type === 'DATASET' ? placeOf(entity.urn).name : null)))
}

/** `urn:li:dataJob:(urn:li:dataFlow:(airflow,Shop_Daily,prod),load)`: the DAG of a task. */
function dagOf(urn: string): string | null {
  return /^urn:li:dataJob:\(urn:li:dataFlow:\(airflow,(.+),[^,]*\),[^,]*\)$/.exec(urn)?.[1] ?? null
}

function distinct(names: readonly (string | null | undefined)[]): string[] {
  return [...new Set(names.flatMap((name) => name || []))].slice(0, mostNames)
}
