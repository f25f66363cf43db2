import { z } from 'zod'
import type { Asset } from '../domain/alert.ts'
import type { Finding } from '../domain/catalog-draft.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { isCalled, type System } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import { type Baseline, type TableName, type TableState, tableChanges, tableName } from '../domain/warehouse.ts'
import { AppError } from '../lib/errors.ts'
import type { Connector, ConnectorContext, Question, Survey } from './connector.ts'
import { changeEvidence, lockEvidence, missingRight, stateEvidence } from './warehouse/evidence.ts'
import {
  type Found,
  findLocks,
  findPlace,
  findTables,
  largestTables,
  type Place,
  theOne,
} from './warehouse/postgres-questions.ts'
import { withPostgres } from './warehouse/postgres-session.ts'

const PostgresPlace = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535).optional(),
  database: z.string().min(1).max(63),
  /** `verify` checks the certificate, against the machine's authorities or `ca`; default. `off` sends all in the open. */
  tls: z.enum(['verify', 'off']).optional(),
  /** A file of the certificates to trust. */
  ca: z.string().max(1024).optional(),
})

const concerned: ReadonlySet<string> = new Set(['table', 'model', 'source'])
const platforms = /^postgres/i
/** A change longer ago is no news. */
const changesMs = 48 * 3_600_000
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
  concerns: ({ asset }) => asset !== null && concerned.has(asset.kind) && isPossible(asset),
  owns: (asset) => asset.kind === 'table' && isPossible(asset),
  shared: ({ asset }) => ({ key: [asset?.kind ?? null, asset?.name ?? null], seconds: 20 }),

  gather(question, context) {
    const { asset } = question
    if (asset === null) return Promise.resolve([])
    const names = namesOf(asset)
    return withPostgres(urlOf(context.system), context.signal, async (ask) => {
      const place = await findPlace(ask)
      const all = await findTables(ask, place, names)
      const found = names.map((name) => theOne(all, place, name)).find((one) => one !== null)
      if (!found) return missing(question, names, place, context)
      const locks = await findLocks(ask, found)
      const about = { source: 'postgres', asset: asset.name, now: question.now } as const
      const hidden = locks.some(({ holder, statement }) => holder === null || statement?.startsWith('<insufficient'))
      return [
        ...(await changesOf(found, question, context)),
        ...locks.map((lock) => lockEvidence(lock, about)),
        ...(hidden && !place.sees_all
          ? [missingRight('who holds the lock', `GRANT ${grant}`, context.system, about)]
          : []),
      ]
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
    const home = system.name === 'postgres' ? {} : { system: system.name }
    return withPostgres(urlOf(system), signal, async (ask) => {
      const tables = await largestTables(ask)
      return tables.flatMap(({ name, rows }): Finding[] => {
        const asset = assetOf('table', name)
        return asset ? [{ asset, says: home, because: `${system.name}: about ${rows} rows` }] : []
      })
    })
  },
}

/** How many tables are, asked at once, in the order of their names; null for one that is not there. */
export function watchTables(
  names: readonly TableName[],
  { system, signal }: Pick<ConnectorContext, 'system' | 'signal'>,
): Promise<(TableState | null)[]> {
  return withPostgres(urlOf(system), signal, async (ask) => {
    const place = await findPlace(ask)
    const found = await findTables(ask, place, names)
    return names.map((name) => theOne(found, place, name)?.state ?? null)
  })
}

/** What a table is now, and what became of it since it was looked at. */
async function changesOf({ state }: Found, { asset, now }: Question, { library, system }: ConnectorContext) {
  const about = { source: 'postgres', asset: asset?.name ?? state.name, now } as const
  const before = recent(await library.warehouse.before(system.name, state.name, now), now)
  const kept = await library.warehouse.changesOf(system.name, state.name, new Date(now.getTime() - changesMs))
  const fresh = before ? tableChanges(before.state, state).map((change) => ({ at: now, change })) : []
  return [
    stateEvidence(state, before, about),
    ...[...fresh, ...kept].map((change) => changeEvidence(state.name, change, about)),
  ]
}

/** What was seen long ago says nothing about now: the table is no longer watched. */
function recent(before: Baseline | null, now: Date): Baseline | null {
  return before && now.getTime() - before.seenAt.getTime() < changesMs ? before : null
}

/** Of a table that is not there: that it was, if so. @throws AppError E_ASSET_UNKNOWN where it should be here */
async function missing(
  { asset, now }: Question,
  names: readonly TableName[],
  { database }: Place,
  { library, system }: ConnectorContext,
): Promise<EvidenceDraft[]> {
  const since = new Date(now.getTime() - changesMs)
  const name = asset?.name ?? ''
  const kept = await library.warehouse.changesOf(system.name, name, since)
  const about = { source: 'postgres', asset: name, now } as const
  const before = kept.length > 0 ? null : recent(await library.warehouse.before(system.name, name, now), now)
  const gone = before ? [{ at: now, change: { what: 'dropped' } as const }] : kept
  if (gone.length > 0) return gone.map((change) => changeEvidence(name, change, about))
  const isHere =
    (asset?.system != null && isCalled(system, asset.system)) ||
    names.some((one) => one.database?.toLowerCase() === database.toLowerCase())
  // Not every table is this one's.
  if (!isHere) return []
  throw new AppError(
    'E_ASSET_UNKNOWN',
    `It has no table called ${oneLine(name, 250)}, or several.`,
    'Check the name in the alert: schema.table, or database.schema.table.',
  )
}

function isPossible({ platform }: Asset): boolean {
  return platform === undefined || platforms.test(platform)
}

/** As the alert spells it, and as its monitor did. */
function namesOf({ name, native }: Asset): TableName[] {
  return [native?.table, name].flatMap((text) => (text === undefined ? [] : (tableName(text) ?? [])))
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
