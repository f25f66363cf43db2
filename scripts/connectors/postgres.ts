import { z } from 'zod'
import { type Asset, isRelation } from '../domain/alert.ts'
import type { System } from '../domain/system.ts'
import { isSeen, type Sight, type TableName, type TableState } from '../domain/warehouse.ts'
import type { Connector, ConnectorContext, Survey } from './connector.ts'
import { lockEvidence, missingRight } from './warehouse/evidence.ts'
import { findLocks, findPlace, findTables, largestTables, theOne } from './warehouse/postgres-questions.ts'
import { withPostgres } from './warehouse/postgres-session.ts'
import { tableFindings } from './warehouse/survey.ts'
import { askAbout } from './warehouse/warehouse.ts'

const PostgresPlace = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535).optional(),
  database: z.string().min(1).max(63),
  /** `verify` checks the certificate, against the machine's authorities or `ca`; default. `off` sends all in the open. */
  tls: z.enum(['verify', 'off']).optional(),
  /** A file of the certificates to trust. */
  ca: z.string().max(1024).optional(),
})

const platforms = /^postgres/i
/** What shows others' sessions. */
const grant = 'pg_read_all_stats'

/** A PostgreSQL as warehouse: rows, columns and what became of them, locks. Only its catalogue is read, never a table. */
export const postgres: Connector = {
  name: 'postgres',
  kinds: { postgres: PostgresPlace },
  settings: ['WAREHOUSE_URL'],
  fromSettings({ WAREHOUSE_URL: url }) {
    if (!url) return null
    const password = URL.canParse(url) ? new URL(url).password : ''
    // Its password counts as a secret by itself, as it may be quoted without the rest.
    return { kind: 'postgres', options: {}, credentials: { url, ...(password ? { password } : {}) } }
  },
  topics: ['tables'],
  concerns: ({ asset }) => asset !== null && isRelation(asset.kind) && isPossible(asset),
  owns: (asset) => asset.kind === 'table' && isPossible(asset),
  shared: ({ asset }) => ({ key: [asset?.kind ?? null, asset?.name ?? null], seconds: 20 }),

  gather(question, context) {
    const { asset } = question
    if (asset === null) return Promise.resolve([])
    return withPostgres(urlOf(context.system), context.signal, async (ask) => {
      const place = await findPlace(ask)
      const about = { source: 'postgres', asset: asset.name, now: question.now } as const
      return askAbout(
        {
          source: 'postgres',
          database: place.database,
          async find(names) {
            const all = await findTables(ask, place, names)
            return names.map((name) => theOne(all, place, name))
          },
          async beyond(found) {
            const locks = found ? await findLocks(ask, found) : []
            const isHidden = locks.some(
              ({ holder, statement }) => holder === null || statement?.startsWith('<insufficient'),
            )
            return [
              ...locks.map((lock) => lockEvidence(lock, about)),
              ...(isHidden && !place.sees_all
                ? [missingRight('who holds the lock', `GRANT ${grant}`, context.system, about)]
                : []),
            ]
          },
        },
        asset,
        question,
        context,
      )
    })
  },

  check({ system, signal }) {
    return withPostgres(urlOf(system), signal, async (ask) => {
      const { version, role, sees_all } = await findPlace(ask)
      const missingRights = sees_all ? [] : [`others' sessions: GRANT ${grant} TO ${role}`]
      return { version: `PostgreSQL ${version}`, missingRights }
    })
  },
}

/** Its largest tables, by rows: what nobody else speaks of may matter all the same. */
export const postgresSurvey: Survey = {
  kinds: ['postgres'],
  survey({ system, signal }) {
    return withPostgres(urlOf(system), signal, async (ask) => tableFindings(system, await largestTables(ask)))
  },
}

/** How many tables are, asked at once, in the order of their names. */
export function watchTables(
  names: readonly TableName[],
  { system, signal }: Pick<ConnectorContext, 'system' | 'signal'>,
): Promise<Sight<TableState>[]> {
  return withPostgres(urlOf(system), signal, async (ask) => {
    const place = await findPlace(ask)
    const found = await findTables(ask, place, names)
    return names.map((name) => {
      const sight = theOne(found, place, name)
      return isSeen(sight) ? sight.state : sight
    })
  })
}

function isPossible({ platform }: Asset): boolean {
  return platform === undefined || platforms.test(platform)
}

function urlOf({ options, credentials }: System): string {
  if (credentials.url !== undefined) return credentials.url
  const { host, port, database, tls, ca } = PostgresPlace.parse(options)
  const url = new URL('postgresql://localhost')
  url.hostname = host
  url.port = String(port ?? 5432)
  url.pathname = `/${encodeURIComponent(database)}`
  url.username = encodeURIComponent(credentials.username ?? '')
  url.password = encodeURIComponent(credentials.password ?? '')
  url.searchParams.set('sslmode', tls === 'off' ? 'disable' : 'verify-full')
  if (ca !== undefined) url.searchParams.set('sslrootcert', ca)
  return url.href
}
