import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

export interface StandInSync {
  jobId: number
  /** pending, running, incomplete, failed, succeeded, cancelled. */
  status: string
  rowsSynced?: number
  /** When it ended; some time in the past where nobody cares. */
  endedAt?: Date
}

export interface StandInConnection {
  connectionId: string
  name: string
  status: string
  /** What it loads from, and to; its id is its name. */
  source?: string
  destination?: string
  /** Oldest first; for tests to read and to change. */
  syncs: StandInSync[]
}

export interface AirbyteStandIn extends StandIn {
  /** What `config/systems.yaml` says as `url`. */
  readonly api: string
  /** Of two applications: one whose user may only read, one whose may run syncs. */
  readonly credentials: { reader: Credentials; runner: Credentials }
  readonly connections: StandInConnection[]
  /** Connections that were deleted: their jobs are still there. */
  readonly gone: Set<string>
  /** Connections that were synced, one an accepted call. */
  readonly synced: readonly string[]
}

interface Credentials extends Record<string, string> {
  client_id: string
  client_secret: string
}

const LogIn = z.object({ client_id: z.string(), client_secret: z.string() })
const NewJob = z.object({ connectionId: z.uuid(), jobType: z.enum(['sync', 'reset', 'refresh', 'clear']) })

const running: ReadonlySet<string> = new Set(['pending', 'running', 'incomplete'])
const began = '2026-11-20T06:00:00Z'

/**
 * Airbyte's public API as far as the product calls it: tokens of applications, connections and what they
 * load from and to, jobs, a new job; errors
 * as `application/problem+json` (https://reference.airbyte.com, read 2026-11). `recovery`: how a new sync ends, and after
 * how many looks at it.
 */
export async function startAirbyte({
  connections,
  recovery = { ends: 'succeeded', looks: 1 },
}: {
  connections: StandInConnection[]
  recovery?: { ends: 'succeeded' | 'failed' | 'cancelled'; looks: number }
}): Promise<AirbyteStandIn> {
  const credentials = {
    reader: { client_id: 'reading-application', client_secret: 'reading-secret-word' },
    runner: { client_id: 'running-application', client_secret: 'running-secret-word' },
  }
  const synced: string[] = []
  const gone = new Set<string>()
  const looks = new Map<number, number>()

  function answer(request: Received): Answer {
    const { method, path, query, body, headers } = request
    if (!path.startsWith('/api/public/v1/')) return problem(404, 'The requested resource was not found')
    const [what, id] = path.slice('/api/public/v1/'.length).split('/')
    if (what === 'applications' && id === 'token' && method === 'POST') return logIn(body)
    const user = /^Bearer token-of-(reader|runner)$/.exec(headers.authorization ?? '')?.[1]
    if (!user) return problem(401, 'Unauthorized')
    if ((what === 'sources' || what === 'destinations') && method === 'GET' && id) return end(decodeURIComponent(id))
    if (what === 'connections' && method === 'GET') return id ? one(id) : list(connections.map(shown))
    if (what === 'jobs' && method === 'GET' && !id) return jobs(query)
    if (what === 'jobs' && method === 'POST' && !id) return user === 'runner' ? begin(body) : problem(403, 'Forbidden')
    return problem(404, 'The requested resource was not found')
  }

  function logIn(body: string): Answer {
    const given = LogIn.safeParse(tryParseJson(body)).data
    const found = Object.entries(credentials).find(
      ([, { client_id, client_secret }]) => client_id === given?.client_id && client_secret === given?.client_secret,
    )
    if (!found) return problem(401, 'Unauthorized')
    return { status: 200, body: { access_token: `token-of-${found[0]}`, token_type: 'Bearer', expires_in: 180 } }
  }

  function one(id: string): Answer {
    const found = connections.find(({ connectionId }) => connectionId === id && !gone.has(connectionId))
    return found ? { status: 200, body: shown(found) } : problem(404, `Could not find connection ${id}`)
  }

  /** A source or a destination. */
  function end(name: string): Answer {
    const known = connections.some(({ source, destination }) => source === name || destination === name)
    return known ? { status: 200, body: { name, configuration: {} } } : problem(404, `Could not find ${name}`)
  }

  function jobs(query: URLSearchParams): Answer {
    if (query.get('jobType') === 'sync' && query.get('orderBy') === 'updatedAt|ASC' && !query.has('connectionId')) {
      return jobsSince(query)
    }
    const found = connections.find(({ connectionId }) => connectionId === query.get('connectionId'))
    if (query.get('jobType') !== 'sync' || query.get('orderBy') !== 'createdAt|DESC') {
      return problem(400, 'This stand-in knows only what the product asks.')
    }
    for (const sync of found?.syncs ?? []) look(sync)
    const newest = (found?.syncs ?? []).toReversed().slice(0, Number(query.get('limit') ?? 20))
    return list(newest.map((sync) => jobOf(found?.connectionId ?? '', sync)))
  }

  /** Of all connections. */
  function jobsSince(query: URLSearchParams): Answer {
    const since = new Date(query.get('updatedAtStart') ?? 0)
    const from = Number(query.get('offset') ?? 0)
    const all = connections
      .flatMap(({ connectionId, syncs }) => syncs.map((sync) => ({ connectionId, sync })))
      .filter(({ sync }) => sync.status === query.get('status') && endOf(sync) >= since)
      .toSorted((a, b) => endOf(a.sync).getTime() - endOf(b.sync).getTime())
    const page = all.slice(from, from + Math.min(100, Number(query.get('limit') ?? 20)))
    return list(page.map(({ connectionId, sync }) => jobOf(connectionId, sync)))
  }

  function begin(body: string): Answer {
    const given = NewJob.safeParse(tryParseJson(body))
    if (!given.success) return problem(422, 'The request could not be understood')
    const found = connections.find(({ connectionId }) => connectionId === given.data.connectionId)
    if (!found) return problem(404, `Could not find connection ${given.data.connectionId}`)
    if (found.syncs.some(({ status }) => running.has(status))) return problem(409, 'A sync is already running.')
    const begun = { jobId: Math.max(0, ...found.syncs.map(({ jobId }) => jobId)) + 1, status: 'pending' }
    found.syncs.push(begun)
    synced.push(found.connectionId)
    return { status: 200, body: jobOf(found.connectionId, begun) }
  }

  /** A sync that was begun here goes on while it is looked at. */
  function look(sync: StandInSync): void {
    if (sync.status !== 'pending' && sync.status !== 'running') return
    const seen = (looks.get(sync.jobId) ?? 0) + 1
    looks.set(sync.jobId, seen)
    sync.status = seen <= recovery.looks ? 'running' : recovery.ends
  }

  const server = await startStandIn(answer)
  return { ...server, api: `${server.url}/api/public/v1`, credentials, connections, gone, synced }
}

function endOf({ endedAt }: StandInSync): Date {
  return endedAt ?? new Date(began)
}

function shown({ connectionId, name, status, source, destination }: StandInConnection) {
  const ends = { sourceId: source ?? 'a-source', destinationId: destination ?? 'a-destination' }
  return { connectionId, name, status, ...ends, workspaceId: 'a-space' }
}

function jobOf(connectionId: string, sync: StandInSync) {
  const { jobId, status, rowsSynced } = sync
  return {
    jobId,
    status,
    jobType: 'sync',
    connectionId,
    startTime: began,
    lastUpdatedAt: endOf(sync).toISOString(),
    duration: 'PT5M',
    ...(rowsSynced === undefined ? {} : { rowsSynced }),
  }
}

function list(data: unknown[]): Answer {
  return { status: 200, body: { data, previous: '', next: '' } }
}

function problem(status: number, detail: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { status, type: 'https://reference.airbyte.com/reference/errors', title: 'error', detail },
  }
}
