import { ownAlert } from '../domain/own-alert.ts'
import type { Store } from '../store/connection.ts'
import { type Folded, markTold, summaryMark, untoldOf } from '../store/limits.ts'
import { saveMark } from '../store/marks.ts'
import { takeOwnAlert } from './own-alerts.ts'
import type { WorkOptions } from './work.ts'

const mostNamed = 20

/** Tells people in one message what a source brought over its limit since they were last told. */
export async function summarise(store: Store, source: string, options: WorkOptions): Promise<void> {
  const folded = await store.transaction((query) => untoldOf(query, source))
  const [worst] = folded
  if (!worst) return
  const now = new Date()
  // Named by the latest of them, so that a turn that dies after taking it in finds it there.
  const latest = folded.reduce((time, { since }) => (since > time ? since : time), worst.since)
  const alert = ownAlert({
    check: `over the limit since ${latest.toISOString()}`,
    status: 'firing',
    title: `${folded.length} more incidents of ${source} were folded without a look: it is over its limit`,
    description: describe(folded),
    severity: worst.severity === 'CRITICAL' ? 'CRITICAL' : 'HIGH',
    category: 'infrastructure',
    about: source,
    now,
  })
  await takeOwnAlert(store, `summary/${source}/${latest.toISOString()}`, alert, options)
  await store.transaction(async (query) => {
    const ids = folded.map(({ incident }) => incident)
    await markTold(query, ids)
    await saveMark(query, summaryMark(source), now)
  })
}

function describe(folded: readonly Folded[]): string {
  const named = folded.slice(0, mostNamed).map(({ incident, severity, title }) => `${severity} ${incident}: ${title}`)
  const rest = folded.length - named.length
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n')
}
