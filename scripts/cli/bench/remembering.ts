import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres } from '../../../engine/postgres.ts'
import { sharedFolder } from '../../../engine/state.ts'
import { openStore, type Store } from '../../store/connection.ts'
import { assetKeyOf, conditionKey } from '../../store/feedback.ts'
import { similarIncidents } from '../../store/history.ts'
import { migrate } from '../../store/migrate.ts'
import { sql } from '../../store/sql.ts'
import { milliseconds, type Section } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

const limitMs = 50
const batch = 5000

/** What was measured over how many past incidents, people having judged each of them. */
export interface Remembering {
  incidents: number
  search: Summary
}

/** Searches for what is like an incident, in a store of its own that remembers so many. */
export async function measureRemembering(options: {
  incidents: number
  runs: number
  onProgress: (text: string) => void
}): Promise<Remembering> {
  const { incidents, runs, onProgress } = options
  const stateDir = join(await sharedFolder('bench-memory'), `run-${process.pid}`)
  const postgres = await startPostgres({ stateDir, durable: false, onProgress })
  try {
    await migrate(postgres.ownerUrl)
    await using store = openStore(postgres.appUrl, 'incident_management')
    await using owner = openStore(postgres.ownerUrl, 'incident_management')
    for (let from = 0; from < incidents; from += batch) {
      onProgress(`Remembering incidents: ${from} of ${incidents}`)
      await remember(store, from, Math.min(from + batch, incidents))
      // Else the first batches' plans, made when there was nothing, are kept.
      await owner.transaction((query) => query.run(sql`analyze incidents, memory_keys, feedback`))
    }
    onProgress('Searching what is alike')
    const measured: number[] = []
    for (let run = -5; run < runs * 10; run += 1) {
      const nth = (run + 5) * 7919
      const began = performance.now()
      const found = await similarIncidents(store, alike(nth), 5)
      if (run >= 0) measured.push(performance.now() - began)
      if (found.length === 0) throw new RangeError('Nothing alike was found.')
    }
    return { incidents, search: summarize(measured) }
  } finally {
    await postgres.stop()
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** Titles as monitors write them: a few dozen sentences about some thousand tables. */
const title = sql`(array['Load of %s failed', 'Table %s is late', 'Test not_null on %s failed with %s rows', 'Row count of %s fell',
  'Column dropped from %s', 'Lock on %s for %s minutes', 'Task of %s ran out of memory', 'Freshness of %s is beyond its limit'])`

async function remember(store: Store, from: number, to: number): Promise<void> {
  await store.transaction(async (query) => {
    await query.run(
      sql`insert into incidents (tenant, id, fingerprint, asset_key, state, severity, claimed_severity, category, title,
            source, opened_at, closed_at, closed_how)
          select current_setting('dim.tenant'), 'INC-' || nth, 'fp-' || nth % 20000, 'table|shop.t' || nth % 2500 || '|',
            'resolved', 'HIGH', 'HIGH', (array['freshness', 'volume', 'data_quality', 'lock'])[1 + nth % 4],
            format(${title}[1 + nth % 8], 'shop.schema_' || nth % 40 || '.t' || nth % 2500, nth), 'plain/bench',
            now() - make_interval(mins => nth), now(), 'quiet'
          from generate_series(${from}::int, ${to - 1}::int) as nth`,
    )
    const own = sql`id in (select 'INC-' || nth from generate_series(${from}::int, ${to - 1}::int) as nth)`
    await query.run(
      sql`insert into feedback (tenant, incident, revision, verdict, who)
          select tenant, id, 1, 'false_alarm', 'somebody' from incidents where ${own}`,
    )
    await query.run(
      sql`insert into memory_keys
          select tenant, key, opened_at, id from incidents,
            unnest(title_keys(title) || ${conditionKey(sql`fingerprint`)} || ${assetKeyOf(sql`asset_key`)}) as key
          where ${own} on conflict do nothing`,
    )
  })
}

function alike(nth: number) {
  const table = `shop.schema_${nth % 40}.t${nth % 2500}`
  return {
    fingerprint: `fp-${nth % 20000}`,
    assetKey: `table|shop.t${nth % 2500}|`,
    category: 'freshness' as const,
    title: `Freshness of ${table} is beyond its limit`,
    excluding: 'none',
  }
}

export function rememberingSection({ incidents, search }: Remembering): Section {
  return {
    title: 'Searching the memory',
    header: ['past incidents', 'median', 'p95', 'target', ''],
    rows: [
      [
        incidents.toLocaleString('en'),
        milliseconds(search.median),
        milliseconds(search.p95),
        `≤ ${limitMs} ms`,
        search.p95 <= limitMs ? 'met' : 'not met',
      ],
    ],
    notes: ['What is like an incident, with what people said of it; each past incident was judged by somebody.'],
  }
}
