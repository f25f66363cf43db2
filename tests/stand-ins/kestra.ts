import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

/** An execution as Kestra's search gives it, as far as it is read. */
export interface StandInExecution {
  id: string
  namespace: string
  flowId: string
  originalId: string
  state: { current: string; startDate: string }
  inputs?: Record<string, unknown>
  trigger?: { variables: Record<string, unknown> }
}

export interface KestraStandIn extends StandIn {
  /** What a product is configured with to reach it. */
  readonly settings: { KESTRA_URL: string; KESTRA_USERNAME: string; KESTRA_PASSWORD: string }
  /** Its state, oldest first, for tests to change. */
  readonly executions: StandInExecution[]
}

const user = { name: 'dim@example.com', password: 'stand-in-password' }

/** Kestra's search for executions, tenant `main`: its filters, its pages, its basic authentication. */
export async function startKestra(): Promise<KestraStandIn> {
  const executions: StandInExecution[] = []
  const server = await startStandIn((request) => search(request, executions))
  return {
    ...server,
    settings: { KESTRA_URL: server.url, KESTRA_USERNAME: user.name, KESTRA_PASSWORD: user.password },
    executions,
  }
}

function search({ method, path, query, headers }: Received, all: readonly StandInExecution[]): Answer {
  const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
  if (headers.authorization !== expected) return { status: 401, body: { message: 'Unauthorized' } }
  if (method !== 'GET' || path !== '/api/v1/main/executions/search')
    return { status: 404, body: { message: 'Not Found' } }
  if (query.get('sort') !== 'state.startDate:asc') return { status: 422, body: { message: 'another sort' } }
  const states = query.get('filters[state][IN]')?.split(',') ?? []
  const since = query.get('filters[startDate][GREATER_THAN_OR_EQUAL_TO]') ?? ''
  const found = all.filter(
    ({ namespace, flowId, state }) =>
      namespace === query.get('filters[namespace][EQUALS]') &&
      flowId === query.get('filters[flowId][EQUALS]') &&
      states.includes(state.current) &&
      state.startDate >= since,
  )
  const size = Number(query.get('size'))
  const first = (Number(query.get('page')) - 1) * size
  return { status: 200, body: { results: found.slice(first, first + size), total: found.length } }
}
