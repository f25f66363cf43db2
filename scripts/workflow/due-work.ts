import { airflowRecovered } from '../connectors/airflow.ts'
import { ofKind } from '../domain/evidence.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import { type DueKind, reminderMs, schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { planAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { loadDecision } from '../store/decisions.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import type { Due } from '../store/due.ts'
import { loadEvidence } from '../store/evidence.ts'
import { closeIncident, loadIncident } from '../store/incidents.ts'
import { verifyFix } from './fix.ts'
import { policyOf } from './policy.ts'
import { configuredChannels } from './route.ts'

/** What came of one due row. */
export interface Worked {
  /** The row stays and is worked again after this. */
  againInMs?: number
  /** An incident whose fix needs a flow. */
  fix?: string
  purge?: boolean
}

type Work = (store: Store, due: Due, options: { settings: Settings }) => Promise<Worked>

const hourMs = 3_600_000

/** How long a system may take to say whether it is well. */
const askMs = 10_000

/** Who acts, on an incident's timeline. */
const who = 'clock'

/** What the clock does about each kind of due row. The subject is an incident's id, but for `purge`. */
export const dueWork: Record<DueKind, Work> = {
  async dispatch(store, { subject }) {
    const waiting = await releaseDispatch(store, subject)
    return waiting ? { againInMs: schedule.dispatchMs } : {}
  },

  /** A page never waits for analysis: undecided, or still being fixed, people hear of it now. */
  async page_deadline(store, { subject }, { settings }) {
    const { incident } = await loadIncident(store, subject)
    if (incident.told_at || !['open', 'analyzing', 'fixing', 'verifying'].includes(incident.state)) return {}
    const { mode } = await policyOf(incident.source, settings)
    if (mode !== 'observe') await tell(store, settings, subject, 'raw', 'raw')
    return {}
  },

  async reminder(store, { subject, attempt }, { settings }) {
    const { incident } = await loadIncident(store, subject)
    if (!['notified', 'escalated'].includes(incident.state)) return {}
    await tell(store, settings, subject, 'reminder', `reminder-${attempt}`)
    const [entry] = ofKind(await loadEvidence(store, subject, incident.revision), 'catalog_entry')
    return { againInMs: reminderMs(entry?.data.tier ?? null) }
  },

  async quiet(store, { subject }) {
    await closeIncident(store, subject, 'quiet', { who, why: 'nothing was heard of it for its quiet time' })
    return {}
  },

  async dismissed_expiry(store, { subject }) {
    await closeIncident(store, subject, 'expired', { who, why: 'a dismissal holds for an hour' })
    return {}
  },

  async resolved_notice(store, { subject }, { settings }) {
    await tell(store, settings, subject, 'resolved', 'resolved')
    return {}
  },

  async fix(_store, { subject }) {
    return { fix: subject, againInMs: schedule.fixMs }
  },

  async verify(store, { subject }, { settings }) {
    const { state } = await verifyFix(store, subject, settings, { patienceMs: 0 })
    return state === 'working' ? { againInMs: schedule.verifyMs } : {}
  },

  /** Many monitors never say that it is over: the system itself is asked. */
  async recovery(store, { subject }, { settings }) {
    const { incident } = await loadIncident(store, subject)
    if (incident.closed_at || incident.state === 'dismissed') return {}
    const since = incident.last_seen_at
    const context = { settings, signal: AbortSignal.timeout(askMs) }
    const seen = await airflowRecovered(incident.asset, since, context)
    if (!seen) return {}
    if (!seen.recovered) return { againInMs: schedule.recoveryMs }
    const closed = await closeIncident(store, subject, 'recovery', { who, why: seen.detail })
    return closed ? {} : { againInMs: schedule.recoveryMs }
  },

  async purge() {
    return { purge: true, againInMs: hourMs }
  },
}

/** Plans a message to every channel; the turn's last step sends it. The key makes a second plan the same row. */
async function tell(
  store: Store,
  settings: Settings,
  id: string,
  occasion: Message['occasion'],
  name: string,
): Promise<void> {
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await loadEvidence(store, id, incident.revision)
  const decision = await loadDecision(store, id, incident.revision)
  const message = buildMessage({ occasion, incident, decision, alerts, evidence })
  for (const kind of configuredChannels(settings)) {
    await planAction(store, id, incident.revision, { kind, key: `${id}:${incident.revision}:${kind}:${name}`, message })
  }
}
