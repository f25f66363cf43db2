import { readTime } from '../../domain/reading/time.ts'
import type { FailureFeed } from '../connector.ts'
import { type Airbyte, openAirbyte } from './client.ts'

/** So many connections are asked for at once who they are. */
const askedAtOnce = 10

/**
 * Syncs that failed for good, as Airbyte's notification of a failed sync would have told of each; only the error's words
 * are missing, which its API does not tell. A connection that is gone by now is left out: nobody waits for it.
 */
export const airbyteFailures: FailureFeed = {
  kind: 'airbyte',
  monitor: 'airbyte',

  async failuresSince(since, limit, { system, signal }) {
    const api = openAirbyte(system, signal)
    const failed = await api.failedSince(since, limit)
    const ids = [...new Set(failed.flatMap(({ connectionId }) => connectionId?.toLowerCase() ?? []))]
    const known = await describe(api, ids)
    return failed.flatMap(({ jobId, connectionId, startTime, lastUpdatedAt }) => {
      const about = known.get(connectionId?.toLowerCase() ?? '')
      const end = readTime(lastUpdatedAt)
      if (about === undefined || end === null) return []
      return [
        {
          id: String(jobId),
          at: new Date(end),
          body: {
            data: {
              ...about,
              jobId,
              startedAt: readTime(startTime),
              finishedAt: end,
              success: false,
            },
            reported_by: 'reconcile',
          },
          about: { pipeline: about.connection.id, task: '', run: String(jobId) },
        },
      ]
    })
  },
}

/** Who a notification says that a connection is. */
interface Described {
  workspace: { id: string | null }
  connection: { id: string; name: string | null }
  source: { id: string | null; name: string | null }
  destination: { id: string | null; name: string | null }
}

async function describe(api: Airbyte, ids: readonly string[]): Promise<Map<string, Described>> {
  const names = new Map<string, Promise<string | null>>()
  const nameOf = (kind: 'sources' | 'destinations', id: string | null) => {
    if (id === null) return null
    const asked = names.get(id) ?? api.nameOf(kind, id)
    names.set(id, asked)
    return asked
  }
  const found = new Map<string, Described>()
  const one = async (id: string) => {
    const connection = await api.connection(id)
    if (connection === null) return
    const { sourceId = null, destinationId = null, workspaceId = null, name = null } = connection
    const [source, destination] = await Promise.all([
      nameOf('sources', sourceId),
      nameOf('destinations', destinationId),
    ])
    found.set(id, {
      workspace: { id: workspaceId },
      connection: { id, name },
      source: { id: sourceId, name: source },
      destination: { id: destinationId, name: destination },
    })
  }
  for (let from = 0; from < ids.length; from += askedAtOnce) {
    await Promise.all(ids.slice(from, from + askedAtOnce).map(one))
  }
  return found
}
