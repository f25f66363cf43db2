import { openStore } from '../../../store/connection.ts'
import { ingest } from '../../../workflow/ingest.ts'
import { freshAlert } from '../alerts.ts'
import { milliseconds, type Section, times } from '../report.ts'
import { type Summary, summarize } from '../statistics.ts'

const limit = 1.2
/** So many that none comes over its limit, from where on incidents are kept quiet. */
const sources = 40
const warmUps = 20

/** Takes alerts in one after the other, every second one of a condition that is open already; each as its task does, in this process. */
export async function measureTakingIn(options: {
  databaseUrl: string
  tenant: string
  runs: number
}): Promise<Summary> {
  const { databaseUrl, tenant, runs } = options
  await using store = openStore(databaseUrl, tenant)
  const taken: number[] = []
  const beginning = Date.now()
  for (let run = -warmUps; run < runs; run += 1) {
    const id = `taking-in-${beginning}-${run}`
    const condition = Math.floor(run / 2)
    const alert = await freshAlert('notified', `${beginning}-${condition}`)
    const body = JSON.stringify({ ...alert, source: `source-${(condition + warmUps) % sources}` })
    const began = performance.now()
    await ingest(store, { executionId: id, originalId: id, headers: '{}', body, receivedAt: new Date() })
    if (run >= 0) taken.push(performance.now() - began)
  }
  return summarize(taken)
}

export function takingInSection(empty: Summary, full: Summary): Section {
  const row = (name: string, time: Summary, rest: string[]) => [
    name,
    milliseconds(time.median),
    milliseconds(time.p95),
    ...rest,
  ]
  const ratio = full.p95 / empty.p95
  return {
    title: 'Taking alerts in',
    header: ['store', 'p50', 'p95', '× empty', 'target', ''],
    rows: [
      row('empty', empty, ['1', '–', '']),
      row('full', full, [times(ratio), `≤ ${limit} ×`, ratio <= limit ? 'met' : 'not met']),
    ],
    notes: [
      `${full.runs} alerts each, one after the other, into the same tenant; half of them fold into an incident that is open. All that the task does in the store, without starting a process. The ratio is that of the p95.`,
    ],
  }
}
