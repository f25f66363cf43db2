import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { type JsonRequest, orNull, requestJson } from '../../lib/http.ts'

/** What `config/systems.yaml` says of an Airbyte. */
export const AirbyteOptions = z.strictObject({
  /** Of its public API: `https://airbyte.example.com/api/public/v1`; Airbyte Cloud's when it is left out. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
})

/** The most that Airbyte gives at once. */
const pageSize = 100

/** A sync of a connection. `incomplete`: an attempt failed, and Airbyte makes another one by itself. */
export const SyncJob = z.object({
  jobId: z.int(),
  connectionId: z.string().nullish().catch(null),
  /** pending, running, incomplete, failed, succeeded, cancelled; whatever Airbyte comes to add stays as it is. */
  status: z.string().max(64),
  startTime: z.string().nullish().catch(null),
  lastUpdatedAt: z.string().nullish().catch(null),
  rowsSynced: z.number().nullish().catch(null),
})
export type SyncJob = z.infer<typeof SyncJob>

export const AirbyteConnection = z.object({
  connectionId: z.string(),
  name: z.string().max(1000).nullish(),
  /** active, inactive, deprecated, locked. */
  status: z.string().max(64).nullish(),
  sourceId: z.string().nullish().catch(null),
  destinationId: z.string().nullish().catch(null),
  workspaceId: z.string().nullish().catch(null),
})
export type AirbyteConnection = z.infer<typeof AirbyteConnection>

const Named = z.object({ name: z.string().max(1000).nullish() })
const Jobs = z.object({ data: z.array(SyncJob) })
const Token = z.object({ access_token: z.string().min(1) })

/** Airbyte's public API as far as syncs need it (https://reference.airbyte.com). */
export interface Airbyte {
  /** Null when it knows no such connection. */
  connection(id: string): Promise<AirbyteConnection | null>
  /** Its syncs, the one that was begun last first, at most so many. */
  syncs(connection: string, limit: number): Promise<SyncJob[]>
  /** Syncs of any connection that failed for good at `since` or after, the one that ended first first, at most so many. */
  failedSince(since: Date, limit: number): Promise<SyncJob[]>
  /** What people call a source or a destination; null when it has no name, or is gone. */
  nameOf(kind: 'sources' | 'destinations', id: string): Promise<string | null>
  /** Begins a sync. Answers 409 while one is at work. */
  sync(connection: string): Promise<SyncJob>
  /** The lightest question that proves address and credentials. */
  ping(): Promise<void>
}

/**
 * Every call throws AppError as `requestJson` does. Credentials: `client_id` and `client_secret` of an application, or
 * `username` and `password`, or `token`; none where Airbyte asks for none.
 */
export function openAirbyte(system: System, signal: AbortSignal): Airbyte {
  const { url = 'https://api.airbyte.com/v1' } = AirbyteOptions.parse(system.options)
  const base = url.replace(/\/+$/, '')
  const common = { signal, system: system.name }
  let authorization: Promise<Record<string, string>> | undefined
  const ask = async <T>(path: string, schema: z.ZodType<T>, request: JsonRequest = {}): Promise<T> => {
    authorization ??= headersFor(base, system, signal)
    return requestJson(`${base}${path}`, { ...common, ...request, headers: await authorization, schema })
  }
  return {
    connection: (id) => orNull(ask(`/connections/${encodeURIComponent(id)}`, AirbyteConnection)),
    async syncs(connection, limit) {
      const query = new URLSearchParams({
        connectionId: connection,
        jobType: 'sync',
        orderBy: 'createdAt|DESC',
        limit: String(limit),
      })
      return (await ask(`/jobs?${query}`, Jobs)).data
    },
    async failedSince(since, limit) {
      const found: SyncJob[] = []
      while (found.length < limit) {
        const query = new URLSearchParams({
          jobType: 'sync',
          status: 'failed',
          updatedAtStart: since.toISOString(),
          orderBy: 'updatedAt|ASC',
          limit: String(Math.min(pageSize, limit - found.length)),
          offset: String(found.length),
        })
        const { data } = await ask(`/jobs?${query}`, Jobs)
        found.push(...data)
        if (data.length === 0) break
      }
      return found.slice(0, limit)
    },
    async nameOf(kind, id) {
      return (await orNull(ask(`/${kind}/${encodeURIComponent(id)}`, Named)))?.name || null
    },
    sync: (connection) =>
      ask('/jobs', SyncJob, { method: 'POST', body: { connectionId: connection, jobType: 'sync' } }),
    async ping() {
      await ask('/connections?limit=1', z.object({ data: z.array(z.unknown()) }))
    },
  }
}

/** An application's token lives for minutes: each use asks for its own. */
async function headersFor(base: string, system: System, signal: AbortSignal): Promise<Record<string, string>> {
  const { client_id, client_secret, username, password, token } = system.credentials
  if (client_id && client_secret) {
    const { access_token } = await requestJson(`${base}/applications/token`, {
      method: 'POST',
      // A token that nobody uses does no harm.
      idempotent: true,
      body: { client_id, client_secret, 'grant-type': 'client_credentials' },
      system: system.name,
      schema: Token,
      signal,
    })
    return { authorization: `Bearer ${access_token}` }
  }
  if (username && password) {
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
  }
  return token ? { authorization: `Bearer ${token}` } : {}
}
