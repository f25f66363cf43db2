import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { type Answer, type StandIn, startStandIn } from './server.ts'

const token = 'stand-in-token-of-a-service'

export interface DataHubStandIn extends StandIn {
  readonly options: { url: string }
  readonly credentials: { token: string }
}

const urnOf = (platform: string, name: string, fabric = 'PROD') =>
  `urn:li:dataset:(urn:li:dataPlatform:${platform},${name},${fabric})`

const dataset = (platform: string, name: string, more: object = {}, fabric = 'PROD') => ({
  urn: urnOf(platform, name, fabric),
  name,
  ownership: null,
  domain: null,
  tags: null,
  glossaryTerms: null,
  deprecation: null,
  status: { removed: false },
  ...more,
})

const revenue = 'prod.finance.fct_revenue'

/** A table that dbt builds in Snowflake, its copy for staging, one that two platforms have, and one that is gone. */
const datasets = [
  dataset('dbt', revenue, {
    glossaryTerms: { terms: [{ term: { name: 'id-of-a-term', properties: { name: 'Net revenue' } } }] },
    deprecation: { deprecated: true, note: 'Use fct_revenue_v2' },
  }),
  dataset('snowflake', revenue, {
    ownership: {
      owners: [
        { type: 'BUSINESS_OWNER', owner: { username: 'ada', userProperties: { displayName: 'Ada' } } },
        { type: 'TECHNICAL_OWNER', owner: { name: 'id-of-a-group', groupProperties: { displayName: 'Finance Data' } } },
      ],
    },
    domain: { domain: { properties: { name: 'Finance' } } },
    tags: {
      tags: [{ tag: { name: 'tier1', properties: { name: 'Tier1' } } }, { tag: { name: 'pii', properties: null } }],
    },
  }),
  dataset('snowflake', revenue, {}, 'STG'),
  dataset('snowflake', 'prod.finance.fct_revenue_daily'),
  dataset('hive', 'raw.events.clicks'),
  dataset('kafka', 'raw.events.clicks'),
  dataset('snowflake', 'prod.raw.orders', { ownership: { owners: [{ type: 'NONE', owner: { username: 'bob' } }] } }),
  dataset('snowflake', 'prod.raw.dropped', { status: { removed: true } }),
]

const neighbours: Readonly<Record<string, object[]>> = {
  UPSTREAM: [
    { degree: 1, entity: { urn: urnOf('snowflake', 'prod.raw.orders'), type: 'DATASET' } },
    { degree: 1, entity: { urn: 'urn:li:dataJob:(urn:li:dataFlow:(airflow,Shop_Daily,prod),load)', type: 'DATA_JOB' } },
    { degree: 2, entity: { urn: 'urn:li:dataJob:(urn:li:dataFlow:(airflow,Ingest,prod),copy)', type: 'DATA_JOB' } },
  ],
  DOWNSTREAM: [
    { degree: 1, entity: { urn: 'urn:li:dashboard:(looker,1)', type: 'DASHBOARD', dashboard: { name: 'Board' } } },
    { degree: 1, entity: { urn: urnOf('snowflake', 'prod.finance.fct_revenue_daily'), type: 'DATASET' } },
  ],
}

const Asked = z.object({
  query: z.string(),
  variables: z
    .object({
      input: z.object({ query: z.string(), urn: z.string().optional(), direction: z.string().optional() }),
    })
    .optional(),
})

/**
 * DataHub's GraphQL API as far as a catalogue needs it: search, lineage, version; what it can't answer as `errors` with the
 * status 200, a wrong token as 401. https://docs.datahub.com/docs/api/graphql/overview (read 2026-11)
 */
export async function startDataHub(): Promise<DataHubStandIn> {
  const server = await startStandIn(({ method, path, headers, body }): Answer => {
    if (path !== '/api/graphql') return { status: 404, body: '' }
    if (method !== 'POST') return { status: 405, body: '' }
    if (headers.authorization !== `Bearer ${token}`)
      return { status: 401, body: 'Unauthorized to perform this action.' }
    const asked = Asked.safeParse(tryParseJson(body))
    if (!asked.success) return { status: 400, body: '' }
    const { query, variables } = asked.data
    if (query.includes('appConfig')) return ok({ appConfig: { appVersion: 'v1.3.0' } })
    const input = variables?.input
    if (query.includes('searchAcrossLineage(')) {
      const found = input?.urn === urnOf('snowflake', revenue) ? (neighbours[input.direction ?? ''] ?? []) : []
      return ok({ searchAcrossLineage: { searchResults: found } })
    }
    if (!query.includes('search(')) return refused('InvalidSyntax', 400)
    const word = (input?.query ?? '').replaceAll('"', '').toLowerCase()
    const found = datasets.filter(({ name }) => word === '*' || name.includes(word))
    return ok({ search: { searchResults: found.map((entity) => ({ entity })) } })
  })
  return { ...server, options: { url: server.url }, credentials: { token } }
}

/** As DataHub's own exceptions come. */
export function refused(type: string, code: number): Answer {
  const message = 'Unauthorized to perform this action. Please contact your DataHub administrator.'
  const error = {
    message,
    locations: [{ line: 1, column: 1 }],
    path: ['search'],
    extensions: { code, type, classification: 'DataFetchingException' },
  }
  return { status: 200, body: { errors: [error], data: { search: null } } }
}

function ok(data: object): Answer {
  return { status: 200, body: { data, extensions: {} } }
}
