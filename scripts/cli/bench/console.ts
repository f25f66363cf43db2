import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { startPostgres } from '../../../engine/postgres.ts'
import { stateFolder } from '../../../engine/state.ts'
import { fillStore } from '../../../tests/support/full-store.ts'
import { namespaceOf } from '../../lib/tenant.ts'
import { openStore } from '../../store/connection.ts'
import { migrate } from '../../store/migrate.ts'
import { sql } from '../../store/sql.ts'
import { type Connections, connectionsSection, measureConnections } from './console/connections.ts'
import { liveSection, measureLive } from './console/live.ts'
import { type Looker, measurePages, type PageTime, pagesSection } from './console/pages.ts'
import { serveConsole } from './console/served.ts'
import { measureTakingIn, takingInSection } from './console/taking-in.ts'
import { mebibytes, type Section, seconds } from './report.ts'
import type { Summary } from './statistics.ts'

const home = join(import.meta.dirname, '..', '..', '..')

/** How much, and how often it is measured. */
export interface ConsoleRuns {
  tenants: number
  incidents: number
  days: number
  pages: number
  alerts: number
  live: number
}

export const thoroughConsole: ConsoleRuns = {
  tenants: 20,
  incidents: 100_000,
  days: 400,
  pages: 40,
  // Twice over, with what is watched live: a tenant's 301st incident within ten minutes would be kept quiet.
  alerts: 240,
  live: 20,
}
export const quickConsole: ConsoleRuns = { tenants: 3, incidents: 600, days: 400, pages: 6, alerts: 40, live: 3 }

export interface ConsoleFigures {
  filled: Filled
  pages: PageTime[]
  empty: Summary
  full: Summary
  live: Summary
  connections: Connections
}

/** What the store holds when it is full. */
interface Filled {
  tenants: number
  alerts: number
  incidents: number
  bytes: number
  ms: number
}

/** The console and taking alerts in, over a store of the bench's own: first as it begins, then full. No engine takes part. */
export async function measureConsole(runs: ConsoleRuns, onProgress: (text: string) => void): Promise<ConsoleFigures> {
  onProgress('Starting PostgreSQL')
  const stateDir = await stateFolder(home, 'bench-console')
  const postgres = await startPostgres({ stateDir, fresh: true, onProgress })
  try {
    await migrate(postgres.ownerUrl)
    const databaseUrl = postgres.appUrl
    const sizes = tenantSizes(runs)
    const [largest = '', ...others] = sizes.keys()
    onProgress('Taking alerts in, into an empty store')
    const empty = await measureTakingIn({ databaseUrl, tenant: largest, runs: runs.alerts })
    const began = performance.now()
    await fillStore(postgres, sizes, onProgress)
    const filled = { ...(await contents(databaseUrl, [...sizes.keys()])), ms: performance.now() - began }
    onProgress('Taking alerts in, into a full store')
    const full = await measureTakingIn({ databaseUrl, tenant: largest, runs: runs.alerts })
    const served = await serveConsole(databaseUrl, [...sizes.keys()])
    try {
      const { url, pid } = served
      // Every second request is of the largest tenant.
      const names = others.flatMap((other) => [largest, other])
      const known = new Map<string, Looker>()
      for (const name of sizes.keys()) {
        known.set(name, { cookie: await served.logIn(name), incidents: await someIncidents(databaseUrl, name) })
      }
      const lookers = names.flatMap((name) => known.get(name) ?? [])
      const cookies = [...known.values()].map(({ cookie }) => cookie)
      // First, because what many pages left behind would hide what connections cost.
      const connections = await measureConnections({ url, pid, cookies, onProgress })
      const pages = await measurePages({ url, lookers, runs: runs.pages, onProgress })
      const live = await measureLive({
        databaseUrl,
        tenant: largest,
        url,
        cookie: cookies[0] ?? '',
        runs: runs.live,
        onProgress,
      })
      return { filled, pages, empty, full, live, connections }
    } finally {
      await served.stop()
    }
  } finally {
    onProgress('Stopping')
    await postgres.stop()
    // Some gigabytes that nobody will look at again.
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** One tenant has a quarter of all, the others share the rest alike. */
function tenantSizes({ tenants, incidents, days }: ConsoleRuns) {
  const largest = Math.round(incidents / 4)
  return new Map(
    Array.from({ length: tenants }, (_, nth) => [
      namespaceOf(`bench-${nth}`),
      { days, incidents: nth === 0 ? largest : Math.round((incidents - largest) / (tenants - 1)) },
    ]),
  )
}

const Contents = z.object({ alerts: z.number(), incidents: z.number(), bytes: z.coerce.number() })

async function contents(databaseUrl: string, tenants: readonly string[]): Promise<Omit<Filled, 'ms'>> {
  const all = { tenants: tenants.length, alerts: 0, incidents: 0, bytes: 0 }
  for (const tenant of tenants) {
    await using store = openStore(databaseUrl, tenant)
    const found = await store.transaction((query) =>
      query.first(
        Contents,
        sql`select (select count(*)::int from alerts) as alerts, (select count(*)::int from incidents) as incidents,
              pg_database_size(current_database()) as bytes`,
      ),
    )
    all.alerts += found?.alerts ?? 0
    all.incidents += found?.incidents ?? 0
    all.bytes = found?.bytes ?? 0
  }
  return all
}

/** Some open and some over, so that no page is asked for twice in a row. */
async function someIncidents(databaseUrl: string, tenant: string): Promise<string[]> {
  await using store = openStore(databaseUrl, tenant)
  const found = await store.transaction((query) =>
    query.rows(
      z.object({ id: z.string() }),
      sql`(select id from incidents where closed_at is null limit 10)
          union all (select id from incidents where closed_at is not null order by id limit 30)`,
    ),
  )
  return found.map(({ id }) => id)
}

export function consoleSections({ filled, pages, empty, full, live, connections }: ConsoleFigures): Section[] {
  return [
    {
      title: 'The full store',
      header: ['alerts', 'incidents', 'tenants', 'size', 'filled in'],
      rows: [
        [
          filled.alerts.toLocaleString('en'),
          filled.incidents.toLocaleString('en'),
          String(filled.tenants),
          mebibytes(filled.bytes),
          seconds(filled.ms),
        ],
      ],
      notes: [
        'Stories of the product’s own making, copied with other ids, conditions, assets and times: alerts with their bodies, evidence, decisions, messages, timeline, audit. One tenant has a quarter of all. Spread over 400 days.',
      ],
    },
    pagesSection(pages),
    takingInSection(empty, full),
    liveSection(live),
    connectionsSection(connections),
  ]
}
