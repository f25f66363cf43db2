import { airflowRecovered } from '../connectors/airflow.ts'
import { gatherEvidence } from '../connectors/gathering/gather.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import type { Alert } from '../domain/alert.ts'
import { isStillTrue } from '../domain/fresh-look.ts'
import type { Incident } from '../domain/incident.ts'
import type { Store } from '../store/connection.ts'
import { addToTimeline, closeIncident, loadIncident } from '../store/incidents.ts'
import { loadQuieted, lookAgainAt, type Quieted, quieten, release } from '../store/quieting.ts'
import { memoryOf } from './gather.ts'
import { silencing } from './quiet.ts'
import type { WorkOptions } from './work.ts'

const who = 'clock'
/** How long a system may take to say whether it is well: others wait for their turn. */
const askMs = 10_000

/**
 * Looks at an incident that was kept quiet: still silenced, it stays so; over meanwhile, it ends without a word; else
 * it is analysed like a new one. One that speaks of another day is analysed only when a system shows that it is true.
 */
export async function lookAgain(store: Store, id: string, options: WorkOptions): Promise<void> {
  const quieted = await loadQuieted(store, id)
  const { incident, alerts } = await loadIncident(store, id)
  if (!quieted || incident.closed_at) return
  const silence = await silencing(store, alerts, options.settings)
  if (silence) return store.transaction((query) => quieten(query, id, silence))
  const now = new Date()
  if (quieted.kind === 'hold' && quieted.until && quieted.until > now) {
    const { until } = quieted
    return store.transaction((query) => lookAgainAt(query, id, until))
  }
  if (await isOver(store, incident, options)) return
  if (quieted.kind === 'old' && !(await isSeen(store, incident, alerts, options, now))) {
    options.log('info', `${id} is of another day, and nothing shows that it is still true: it stays logged.`)
    return
  }
  await store.transaction(async (query) => {
    if (!(await release(query, id))) return
    const { state } = incident
    await addToTimeline(query, { incident: id, from: state, to: state, who, why: `${after[quieted.kind]}; still open` })
  })
}

const after: Record<Quieted['kind'], string> = {
  silence: 'the silence is over',
  hold: 'its retries had their time',
  limit: 'below the limit again',
  old: 'a fresh look shows that it is still true',
}

/** Whether its system says that it has succeeded since; then it ends, and nobody who was not told hears of it. */
async function isOver(store: Store, { id, asset, last_seen_at }: Incident, { settings, log }: WorkOptions) {
  try {
    const seen = await airflowRecovered(asset, last_seen_at, {
      systems: await loadSystems(settings),
      signal: AbortSignal.timeout(askMs),
    })
    return seen?.recovered ? closeIncident(store, id, 'recovery', { who, why: seen.detail }) : false
  } catch (thrown) {
    // A system that does not answer is no reason to be silent: the analysis says what could not be asked.
    log('warn', `${id}: not asked whether it is over: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    return false
  }
}

async function isSeen(
  store: Store,
  incident: Incident,
  alerts: readonly Alert[],
  { settings }: WorkOptions,
  now: Date,
): Promise<boolean> {
  const { asset, category, environment } = incident
  const { evidence } = await gatherEvidence(
    { asset, category, environment, alerts, now },
    { systems: await loadSystems(settings), memory: memoryOf(store) },
  )
  return isStillTrue(evidence)
}
