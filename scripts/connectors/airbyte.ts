import type { Asset } from '../domain/alert.ts'
import { AppError } from '../lib/errors.ts'
import { AirbyteOptions, openAirbyte } from './airbyte/client.ts'
import type { Connector } from './connector.ts'

/** So many of a connection's last syncs tell whether it fails again and again. */
const recentSyncs = 5

/** Airbyte: how the last syncs of a connection went. */
export const airbyte: Connector = {
  name: 'airbyte',
  kinds: { airbyte: AirbyteOptions },
  settings: [],
  fromSettings: () => null,
  topics: ['runs'],
  concerns: ({ asset }) => connectionOf(asset) !== null,
  owns: (asset) => connectionOf(asset) !== null,
  shared: ({ asset }) => ({ key: [connectionOf(asset)], seconds: 30 }),

  async gather({ asset, now }, { system, signal }) {
    const id = connectionOf(asset)
    if (asset === null || id === null) return []
    const api = openAirbyte(system, signal)
    const connection = await api.connection(id)
    if (connection === null) {
      throw new AppError(
        'E_ASSET_UNKNOWN',
        `${system.name} knows no connection ${id}.`,
        'See that it is the right one.',
      )
    }
    const syncs = await api.syncs(id, recentSyncs)
    const [newest] = syncs
    if (newest === undefined) return []
    const name = connection.name || id
    const rows = newest.rowsSynced == null ? '' : `, with ${newest.rowsSynced} rows`
    const paused =
      connection.status === 'active' ? '' : ` The connection is ${connection.status ?? 'in no known state'}.`
    return [
      {
        source: 'airbyte',
        kind: 'sync_job',
        asset: asset.name,
        observed_at: newest.lastUpdatedAt ?? now.toISOString(),
        summary: `Sync ${newest.jobId} of ${name} is ${newest.status}${rows}.${paused}`,
        data: {
          connection_id: connection.connectionId,
          connection: name,
          connection_status: connection.status,
          job_id: String(newest.jobId),
          status: newest.status,
          start: newest.startTime,
          end: newest.lastUpdatedAt,
          rows: newest.rowsSynced,
          recent: syncs.map(({ status }) => status),
          system: system.name,
        },
      },
    ]
  },

  async check({ system, signal }) {
    await openAirbyte(system, signal).ping()
    return { version: null, missingRights: [] }
  },
}

/** The connection that an asset is, by the id that Airbyte gave it; null for what is none. */
function connectionOf(asset: Asset | null): string | null {
  const id = asset?.kind === 'connector' ? asset.native?.connection_id : undefined
  return id !== undefined && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id) ? id.toLowerCase() : null
}
