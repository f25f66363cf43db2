import { join } from 'node:path'
import { startChromium } from '../../../../tests/peers/support/chromium.ts'
import { openStore, type Store } from '../../../store/connection.ts'
import { analyzeIncident } from '../../../workflow/analyze.ts'
import { gatherIncident } from '../../../workflow/gather.ts'
import { ingest } from '../../../workflow/ingest.ts'
import { routeIncident } from '../../../workflow/route.ts'
import { freshAlert } from '../alerts.ts'
import { milliseconds, type Section } from '../report.ts'
import { type Summary, summarize } from '../statistics.ts'

const limitMs = 1000
const longestMs = 20_000
const settings = { ANALYZER: 'rules', DIM_CONFIG_DIR: join(import.meta.dirname, '..', '..', '..', '..', 'config') }

/** How long it takes until an open page shows what was just decided: from before the decision is written, by Chromium. */
export async function measureLive(options: {
  databaseUrl: string
  tenant: string
  url: string
  cookie: string
  runs: number
  onProgress(text: string): void
}): Promise<Summary> {
  const { databaseUrl, tenant, url, cookie, runs, onProgress } = options
  await using store = openStore(databaseUrl, tenant)
  const browser = await startChromium()
  try {
    const context = await browser.newContext()
    const [name = '', value = ''] = cookie.split('=')
    await context.addCookies([{ name, value, url }])
    const page = await context.newPage()
    const seen: number[] = []
    for (let run = 1; run <= runs; run += 1) {
      onProgress(`Watching in a browser: ${run} of ${runs}`)
      const incident = await undecided(store, `live-${Date.now()}`)
      await page.goto(`${url}/?search=${incident}`)
      await page.getByText('Live', { exact: true }).waitFor()
      const row = page.locator(`[data-row="${incident}"]`)
      await row.getByText('Being analysed').waitFor()
      const began = performance.now()
      await routeIncident(store, incident, incident, settings, new Date())
      await row.getByText('People told').waitFor({ timeout: longestMs })
      seen.push(performance.now() - began)
    }
    return summarize(seen)
  } finally {
    await browser.close()
  }
}

/** A new incident, gathered and analysed; deciding is all that is left. */
async function undecided(store: Store, id: string): Promise<string> {
  // Of a source of its own: what is over a source's limit is kept quiet.
  const body = JSON.stringify({ ...(await freshAlert('notified', id)), source: 'watched' })
  const handedOver = { executionId: id, originalId: id, headers: '{}', body, receivedAt: new Date() }
  const { incident } = await ingest(store, handedOver)
  if (incident === null) throw new Error('The alert opened no incident.')
  await gatherIncident(store, incident, incident, settings, new Date())
  await analyzeIncident(store, incident, incident, settings, new Date())
  return incident
}

export function liveSection(seen: Summary): Section {
  return {
    title: 'A decision, seen in a browser',
    header: ['from the decision until it is seen', 'p50', 'p95', 'target', ''],
    rows: [
      [
        'Now, open in Chromium',
        milliseconds(seen.median),
        milliseconds(seen.p95),
        `≤ ${limitMs} ms`,
        seen.p95 <= limitMs ? 'met' : 'not met',
      ],
    ],
    notes: [
      `${seen.runs} incidents of the largest tenant; from before the decision is written until the open page shows it.`,
    ],
  }
}
