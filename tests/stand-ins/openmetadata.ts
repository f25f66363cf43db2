import { type Answer, type StandIn, startStandIn } from './server.ts'

const token = 'stand-in-token-of-a-bot'

export interface OpenMetadataStandIn extends StandIn {
  readonly options: { url: string }
  readonly credentials: { token: string }
}

const table = (service: string, name: string, more: object = {}) => ({
  id: `id-of-${service}.${name}`,
  name: name.slice(name.lastIndexOf('.') + 1),
  fullyQualifiedName: `${service}.${name}`,
  ...more,
})

/** Two warehouses: what a search finds is more than what is meant. */
const tables = [
  table('warehouse', 'prod.finance.fct_revenue', {
    owners: [{ id: '1', type: 'team', name: 'finance-data', displayName: 'Finance Data' }],
    tags: [{ tagFQN: 'PII.None' }, { tagFQN: 'Tier.Tier1' }],
  }),
  table('warehouse', 'prod.finance.fct_revenue_daily'),
  table('warehouse', 'prod."odd.schema".fct_revenue', { owner: { id: '2', type: 'user', name: 'ada' } }),
  table('lake', 'raw.events.clicks'),
  table('other_lake', 'raw.events.clicks'),
]

const lineage = {
  entity: { id: 'me', type: 'table', fullyQualifiedName: 'warehouse.prod.finance.fct_revenue' },
  nodes: [
    { id: 'a', type: 'table', fullyQualifiedName: 'warehouse.prod.raw.orders', name: 'orders' },
    { id: 'b', type: 'dashboard', fullyQualifiedName: 'looker.board', name: 'board' },
  ],
  upstreamEdges: [
    {
      fromEntity: 'a',
      toEntity: 'me',
      lineageDetails: { sqlQuery: '', pipeline: { id: 'p', type: 'pipeline', name: 'Shop_Daily' } },
    },
  ],
  downstreamEdges: [{ fromEntity: 'me', toEntity: 'b' }],
}

/**
 * OpenMetadata's API as far as a catalogue needs it: version, search, lineage; its errors as `{code, message}`.
 * https://docs.open-metadata.org (read 2026-11)
 */
export async function startOpenMetadata(): Promise<OpenMetadataStandIn> {
  const server = await startStandIn(({ path, query, headers }): Answer => {
    if (path === '/api/v1/system/version')
      return { status: 200, body: { version: '1.10.3', revision: 'x', timestamp: 0 } }
    if (headers.authorization !== `Bearer ${token}`)
      return { status: 401, body: { code: 401, message: 'Not authorized' } }
    if (path === '/api/v1/tables')
      return { status: 200, body: { data: tables.slice(0, 1), paging: { total: tables.length } } }
    if (path === '/api/v1/search/query') {
      const word = (query.get('q') ?? '').replaceAll('"', '').toLowerCase()
      const found = tables.filter(({ name }) => name.includes(word))
      return {
        status: 200,
        body: { hits: { total: { value: found.length }, hits: found.map((one) => ({ _source: one })) } },
      }
    }
    const name = /^\/api\/v1\/lineage\/table\/name\/(.+)$/.exec(path)?.[1]
    if (name === undefined) return { status: 404, body: { code: 404, message: 'HTTP 404 Not Found' } }
    const isRevenue = decodeURIComponent(name) === 'warehouse.prod.finance.fct_revenue'
    const alone = { entity: { id: 'x', type: 'table' }, nodes: [], upstreamEdges: [], downstreamEdges: [] }
    return { status: 200, body: isRevenue ? lineage : alone }
  })
  return { ...server, options: { url: server.url }, credentials: { token } }
}
