import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { requestJson } from '../../lib/http.ts'

/** What `config/systems.yaml` says of a DataHub. Its credential is `token`: a personal access token, or a service account's. */
export const DataHubOptions = z.strictObject({
  /** Of its metadata service or its frontend, without `/api/graphql`. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
})

/** Of the datasets that a search finds, so many are compared with the name. */
const mostHits = 50
/** Neighbours in each direction, whatever their distance. */
const mostNeighbours = 100

const displayed = z.object({ displayName: z.string().nullish() }).nullish()
const properties = z.object({ name: z.string().nullish() }).nullish()

const Dataset = z.object({
  urn: z.string(),
  /** As its platform calls it: `prod.finance.fct_revenue`. */
  name: z.string(),
  ownership: z
    .object({
      owners: z
        .array(
          z.object({
            type: z.string().nullish(),
            owner: z.object({
              username: z.string().nullish(),
              name: z.string().nullish(),
              userProperties: displayed,
              groupProperties: displayed,
            }),
          }),
        )
        .nullish(),
    })
    .nullish(),
  domain: z.object({ domain: z.object({ properties }) }).nullish(),
  tags: z
    .object({ tags: z.array(z.object({ tag: z.object({ name: z.string().nullish(), properties }) })).nullish() })
    .nullish(),
  glossaryTerms: z
    .object({ terms: z.array(z.object({ term: z.object({ name: z.string().nullish(), properties }) })).nullish() })
    .nullish(),
  deprecation: z.object({ deprecated: z.boolean().nullish(), note: z.string().nullish() }).nullish(),
  status: z.object({ removed: z.boolean().nullish() }).nullish(),
})
export type Dataset = z.infer<typeof Dataset>

const Found = z.object({
  search: z.object({ searchResults: z.array(z.object({ entity: Dataset })) }),
})

const Neighbour = z.object({
  degree: z.int().nullish(),
  entity: z.object({ urn: z.string(), type: z.string(), dashboard: properties }),
})
export type Neighbour = z.infer<typeof Neighbour>

const Neighbours = z.object({ searchAcrossLineage: z.object({ searchResults: z.array(Neighbour) }) })

const Version = z.object({ appConfig: z.object({ appVersion: z.string().nullish() }).nullish() })

/** Fields of one name that differ by type are told apart by aliases, as GraphQL demands. */
const search = `query datasets($input: SearchInput!) {
  search(input: $input) { searchResults { entity { ... on Dataset {
    urn name
    ownership { owners { type owner {
      ... on CorpUser { username userProperties: properties { displayName } }
      ... on CorpGroup { name groupProperties: properties { displayName } }
    } } }
    domain { domain { properties { name } } }
    tags { tags { tag { name properties { name } } } }
    glossaryTerms { terms { term { name properties { name } } } }
    deprecation { deprecated note }
    status { removed }
  } } } }
}`

const lineage = `query neighbours($input: SearchAcrossLineageInput!) {
  searchAcrossLineage(input: $input) { searchResults { degree entity {
    urn type
    ... on Dashboard { dashboard: properties { name } }
  } } }
}`

/** The datasets whose name holds a word; those that were removed are left out. @throws AppError as `ask` */
export async function datasetsLike(system: System, word: string, signal: AbortSignal): Promise<Dataset[]> {
  // In quotes nothing in it is an operator of its search.
  const query = `"${word.replace(/["\\]/g, ' ')}"`
  const input = { type: 'DATASET', query, start: 0, count: mostHits }
  const found = await ask(system, { query: search, variables: { input } }, Found, signal)
  return found.search.searchResults.map(({ entity }) => entity).filter(({ status }) => status?.removed !== true)
}

/** What stands above or below a dataset. @throws AppError as `ask` */
export async function neighboursOf(
  system: System,
  urn: string,
  direction: 'UPSTREAM' | 'DOWNSTREAM',
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const input = { urn, direction, query: '*', start: 0, count: mostNeighbours }
  const found = await ask(system, { query: lineage, variables: { input } }, Neighbours, signal)
  return found.searchAcrossLineage.searchResults
}

/** Its version, once it has shown that datasets may be searched. @throws AppError as `ask` */
export async function versionOf(system: System, signal: AbortSignal): Promise<string | null> {
  await datasetsLike(system, '*', signal)
  const { appConfig } = await ask(system, { query: 'query version { appConfig { appVersion } }' }, Version, signal)
  return appConfig?.appVersion ?? null
}

const Fault = z.object({ extensions: z.object({ code: z.unknown(), type: z.unknown() }).nullish().catch(null) })
const Envelope = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(Fault).nullish() })

/**
 * https://docs.datahub.com/docs/api/graphql/getting-started
 * @throws AppError as `requestJson`; E_ACCESS_DENIED where the token may not, E_HTTP_ANSWER for what it could not answer
 */
async function ask<T>(
  { options, credentials }: System,
  question: { query: string; variables?: object },
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const { url } = DataHubOptions.parse(options)
  const { data, errors } = await requestJson(`${url.replace(/\/+$/, '')}/api/graphql`, {
    system: 'DataHub',
    signal,
    method: 'POST',
    // A question may be asked twice.
    idempotent: true,
    body: question,
    schema: Envelope,
    ...(credentials.token ? { headers: { authorization: `Bearer ${credentials.token}` } } : {}),
  })
  // What a part of it could not be told is missed alone.
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  throw faultOf(errors ?? [])
}

/** Faults come with the status 200. What they say may repeat what was asked. */
function faultOf(errors: readonly z.infer<typeof Fault>[]): AppError {
  if (errors.length === 0) {
    return new AppError(
      'E_HTTP_ANSWER',
      'DataHub answered in a shape that is not known.',
      'Check its address, and that its version is one that SETUP.md names.',
    )
  }
  if (errors.some(isRefusal)) {
    return new AppError(
      'E_ACCESS_DENIED',
      'DataHub does not let the token read datasets.',
      'Give its user the privilege View Entity Page, and Search where a policy limits it.',
    )
  }
  return new AppError('E_HTTP_ANSWER', 'DataHub could not answer.', 'See the log of its metadata service (GMS).')
}

function isRefusal({ extensions }: z.infer<typeof Fault>): boolean {
  return extensions?.code === 403 || extensions?.type === 'UNAUTHORIZED'
}
