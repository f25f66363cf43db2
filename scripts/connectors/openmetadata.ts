import type { ZodType } from 'zod'
import { z } from 'zod'
import { type Asset, isRelation } from '../domain/alert.ts'
import { sameAsset } from '../domain/assess/asset-names.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { assetOf } from '../domain/reading/asset.ts'
import type { System } from '../domain/system.ts'
import { requestJson } from '../lib/http.ts'
import type { Connector } from './connector.ts'

/** What `config/systems.yaml` says of an OpenMetadata. Its credential is `token`: a bot's JWT. */
const OpenMetadataOptions = z.strictObject({
  /** Without `/api`. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
})

/** Of the tables that a search finds, so many are compared with the name. */
const mostHits = 50
const depth = 3
const mostNames = 100

const Reference = z.object({
  type: z.string().nullish(),
  name: z.string().nullish(),
  displayName: z.string().nullish(),
})
const Table = z.object({
  fullyQualifiedName: z.string(),
  owners: z.array(Reference).nullish(),
  /** Before 1.5. */
  owner: Reference.nullish(),
  tags: z.array(z.object({ tagFQN: z.string() })).nullish(),
  tier: z.object({ tagFQN: z.string() }).nullish(),
})
type Table = z.infer<typeof Table>
const Found = z.object({ hits: z.object({ hits: z.array(z.object({ _source: Table })) }) })

const Node = z.object({
  id: z.string(),
  type: z.string(),
  fullyQualifiedName: z.string().nullish(),
  name: z.string().nullish(),
})
const Edge = z.object({
  fromEntity: z.string(),
  toEntity: z.string(),
  lineageDetails: z
    .object({ pipeline: z.object({ name: z.string().nullish() }).nullish() })
    .nullish()
    .catch(null),
})
const Lineage = z.object({
  entity: Node,
  nodes: z.array(Node).nullish(),
  upstreamEdges: z.array(Edge).nullish(),
  downstreamEdges: z.array(Edge).nullish(),
})
type Lineage = z.infer<typeof Lineage>

/** OpenMetadata as a catalogue: whose a table is, its tier, its lineage, the pipeline that makes it. */
export const openmetadata: Connector = {
  name: 'openmetadata',
  kinds: { openmetadata: OpenMetadataOptions },
  settings: [],
  fromSettings: () => null,
  topics: ['business'],
  concerns: ({ asset }) => asset !== null && isRelation(asset.kind),
  owns: () => false,
  shared: ({ asset }) => ({ key: [asset?.name ?? null], seconds: 60 }),

  async gather({ asset, now }, { system, signal }) {
    if (asset === null) return []
    const table = await tableNamed(system, asset, signal)
    if (table === null) return []
    const query = new URLSearchParams({ upstreamDepth: String(depth), downstreamDepth: String(depth) })
    const lineage = await ask(
      system,
      `/lineage/table/name/${encodeURIComponent(table.fullyQualifiedName)}?${query}`,
      Lineage,
      signal,
    )
    const about = { source: 'openmetadata', asset: asset.name, observed_at: now.toISOString() } as const
    return [
      { ...about, ...entryOf(asset, table, lineage) },
      { ...about, ...lineageOf(asset, lineage) },
    ]
  },

  async check({ system, signal }) {
    const { version } = await ask(system, '/system/version', z.object({ version: z.string() }), signal)
    // The version is open to everybody: whether the token may read shows at the first table.
    await ask(system, '/tables?limit=1', z.object({ data: z.array(z.unknown()) }), signal)
    return { version, missingRights: [] }
  },
}

/** The one table of that name, or the end of whose name it is; null where there is none, or several could be meant. */
async function tableNamed(system: System, asset: Asset, signal: AbortSignal): Promise<Table | null> {
  const last = asset.name.slice(asset.name.lastIndexOf('.') + 1)
  const query = new URLSearchParams({
    // In quotes nothing in it is an operator.
    q: `"${last.replace(/["\\]/g, ' ')}"`,
    index: 'table_search_index',
    from: '0',
    size: String(mostHits),
    deleted: 'false',
  })
  const { hits } = await ask(system, `/search/query?${query}`, Found, signal)
  const alike = hits.hits
    .map(({ _source: table }) => table)
    .filter(({ fullyQualifiedName: name }) => sameAsset(nameOf(name), asset.name))
  return alike.length === 1 ? (alike[0] ?? null) : null
}

/** `service.database.schema.table`, parts in quotes where they hold a dot, without the service. */
function nameOf(fullyQualified: string): string {
  const parts = fullyQualified.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []
  return parts
    .map((part) => part.replace(/^"|"$/g, ''))
    .slice(parts.length > 3 ? 1 : 0)
    .join('.')
}

type Piece<K extends EvidenceDraft['kind']> = Pick<Extract<EvidenceDraft, { kind: K }>, 'kind' | 'summary' | 'data'>

function entryOf(asset: Asset, table: Table, lineage: Lineage): Piece<'catalog_entry'> {
  const [first] = table.owners ?? (table.owner ? [table.owner] : [])
  const owner = first?.displayName || first?.name || null
  const tags = [...(table.tier ? [table.tier] : []), ...(table.tags ?? [])].map(({ tagFQN }) => tagFQN)
  const tier = Number(tags.map((tag) => /^Tier\.Tier([1-4])$/.exec(tag)?.[1]).find((found) => found !== undefined))
  const readers = dashboards(lineage)
  const parts = [owner === null ? 'nobody is named as owner' : `owned by ${owner}`, ...(tier ? [`tier ${tier}`] : [])]
  return {
    kind: 'catalog_entry',
    summary: `${asset.name} in OpenMetadata: ${parts.join(', ')}.`,
    data: { asset: asset.name, owner, tier: tier || null, consumers: readers.length > 0 ? readers : null },
  }
}

function lineageOf(asset: Asset, { entity, nodes, upstreamEdges, downstreamEdges }: Lineage): Piece<'lineage'> {
  const names = new Map((nodes ?? []).map((node) => [node.id, node.fullyQualifiedName ?? node.name ?? node.id]))
  const named = (ids: readonly string[]) =>
    [...new Set(ids)].flatMap((id) => (id === entity.id ? [] : [nameOf(names.get(id) ?? id)])).slice(0, mostNames)
  const above = upstreamEdges ?? []
  const upstream = named(above.map(({ fromEntity }) => fromEntity))
  const downstream = named((downstreamEdges ?? []).map(({ toEntity }) => toEntity))
  // What feeds the table itself is made by the pipeline that its edge names.
  const makers = above.flatMap(({ toEntity, lineageDetails }) =>
    toEntity === entity.id && lineageDetails?.pipeline?.name ? [lineageDetails.pipeline.name] : [],
  )
  const dags = [...new Set(makers)].slice(0, 3)
  const made = dags.length > 0 ? `, made by ${dags.join(', ')}` : ''
  return {
    kind: 'lineage',
    summary: `${asset.name} is made from ${upstream.length} and feeds ${downstream.length}${made}.`,
    data: { upstream, downstream, leads: dags.flatMap((name) => assetOf('dag', name) ?? []) },
  }
}

function dashboards({ nodes }: Lineage): string[] {
  return (nodes ?? []).flatMap(({ type, name }) => (type === 'dashboard' && name ? [name] : []))
}

/** https://docs.open-metadata.org/latest/main-concepts/metadata-standard/apis */
function ask<T>({ options, credentials }: System, path: string, schema: ZodType<T>, signal: AbortSignal): Promise<T> {
  const { url } = OpenMetadataOptions.parse(options)
  return requestJson(`${url.replace(/\/+$/, '')}/api/v1${path}`, {
    system: 'OpenMetadata',
    signal,
    schema,
    ...(credentials.token ? { headers: { authorization: `Bearer ${credentials.token}` } } : {}),
  })
}
