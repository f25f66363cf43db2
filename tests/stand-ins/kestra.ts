import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

/** An execution as Kestra's search gives it, as far as it is read. */
export interface StandInExecution {
  id: string
  namespace: string
  flowId: string
  originalId: string
  state: { current: string; startDate: string }
  inputs?: Record<string, unknown>
  labels?: { key: string; value: string }[]
  trigger?: { variables: Record<string, unknown> }
}

export interface StandInFlow {
  namespace: string
  id: string
  /** Names; each is required. */
  inputs: string[]
  disabled?: boolean
}

export interface KestraStandIn extends StandIn {
  /** What a product is configured with to reach it. */
  readonly settings: { KESTRA_URL: string; KESTRA_USERNAME: string; KESTRA_PASSWORD: string }
  /** Its state, oldest first, for tests to change. */
  readonly executions: StandInExecution[]
  readonly flows: StandInFlow[]
}

const user = { name: 'dim@example.com', password: 'stand-in-password' }
const base = '/api/v1/main'

/**
 * Kestra's API as far as the product calls it, tenant `main`: the search for executions with its filters and pages, a
 * flow, its start with inputs and labels, the end of an execution; basic authentication.
 */
export async function startKestra(): Promise<KestraStandIn> {
  const executions: StandInExecution[] = []
  const flows: StandInFlow[] = []
  const server = await startStandIn(async (request) => {
    const { method, path, headers } = request
    const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
    if (headers.authorization !== expected) return { status: 401, body: { message: 'Unauthorized' } }
    const [kind, first = '', second = ''] = path.slice(base.length + 1).split('/')
    if (!path.startsWith(`${base}/`)) return notFound
    if (method === 'GET' && kind === 'executions' && first === 'search') return search(request, executions)
    const flow = flows.find(({ namespace, id }) => namespace === first && id === second)
    if (method === 'GET' && kind === 'flows') return flow ? { status: 200, body: flowJson(flow) } : notFound
    if (method === 'POST' && kind === 'executions') return flow ? await start(request, flow, executions) : notFound
    if (method === 'DELETE' && second === 'kill') return kill(executions.find(({ id }) => id === first))
    return notFound
  })
  return {
    ...server,
    settings: { KESTRA_URL: server.url, KESTRA_USERNAME: user.name, KESTRA_PASSWORD: user.password },
    executions,
    flows,
  }
}

const notFound: Answer = { status: 404, body: { message: 'Not Found' } }

function flowJson({ namespace, id, inputs, disabled = false }: StandInFlow) {
  return { namespace, id, revision: 3, disabled, inputs: inputs.map((name) => ({ id: name, type: 'STRING' })) }
}

async function start(request: Received, flow: StandInFlow, all: StandInExecution[]): Promise<Answer> {
  if (flow.disabled) return { status: 409, body: { message: 'Cannot execute a disabled flow' } }
  const contentType = request.headers['content-type'] ?? ''
  const form = contentType.startsWith('multipart/form-data')
    ? await new Response(request.body, { headers: { 'content-type': contentType } }).formData()
    : new FormData()
  const missing = flow.inputs.find((name) => !form.has(name))
  if (missing) return { status: 422, body: { message: `Invalid entity: Missing required input:${missing}` } }
  const execution: StandInExecution = {
    id: `execution${all.length + 1}`,
    namespace: flow.namespace,
    flowId: flow.id,
    originalId: `execution${all.length + 1}`,
    state: { current: 'CREATED', startDate: new Date().toISOString() },
    inputs: Object.fromEntries(form),
    labels: request.query.getAll('labels').map((label) => {
      const colon = label.indexOf(':')
      return { key: label.slice(0, colon), value: label.slice(colon + 1) }
    }),
  }
  all.push(execution)
  return { status: 200, body: execution }
}

function kill(execution: StandInExecution | undefined): Answer {
  if (!execution) return notFound
  execution.state.current = 'KILLED'
  return { status: 202 }
}

function search({ query }: Received, all: readonly StandInExecution[]): Answer {
  const [field, order] = query.get('sort')?.split(':') ?? []
  if (field !== 'state.startDate') return { status: 422, body: { message: 'another sort' } }
  const states = query.get('filters[state][IN]')?.split(',')
  const since = query.get('filters[startDate][GREATER_THAN_OR_EQUAL_TO]') ?? ''
  const labels = [...query].flatMap(([name, value]) => {
    const key = /^filters\[labels\]\[EQUALS\]\[([^\]]+)\]$/.exec(name)?.[1]
    return key ? [{ key, value }] : []
  })
  const found = all.filter(
    (one) =>
      one.namespace === query.get('filters[namespace][EQUALS]') &&
      one.flowId === query.get('filters[flowId][EQUALS]') &&
      (states === undefined || states.includes(one.state.current)) &&
      one.state.startDate >= since &&
      labels.every(({ key, value }) => one.labels?.some((own) => own.key === key && own.value === value)),
  )
  const sorted = order === 'desc' ? found.toReversed() : found
  const size = Number(query.get('size'))
  const first = (Number(query.get('page')) - 1) * size
  return { status: 200, body: { results: sorted.slice(first, first + size), total: found.length } }
}
