import { airflowRecovered } from '../../connectors/airflow.ts'
import { loadSystems } from '../../connectors/gathering/systems.ts'
import { assetKey } from '../../domain/fingerprint.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Occasion } from '../../domain/message.ts'
import { type DueKind, reminderMs, schedule } from '../../domain/schedule.ts'
import type { Settings } from '../../lib/config.ts'
import { toAppError } from '../../lib/errors.ts'
import { loadActions, planAction } from '../../store/actions.ts'
import type { Query } from '../../store/connection.ts'
import { giveUpAnalysis } from '../../store/decisions.ts'
import { releaseDispatch } from '../../store/dispatch.ts'
import { highestTier } from '../../store/evidence.ts'
import { recoverAsset, regroupIncident } from '../../store/folding.ts'
import { closeIncident, loadIncident, lockIncident } from '../../store/incidents.ts'
import { loadQuieted, quieten } from '../../store/quieting.ts'
import { isAboutSilence } from '../../store/sources.ts'
import { escalate } from '../escalation.ts'
import { lookAgain } from '../look-again.ts'
import { loadKnown, messagesTo } from '../messages.ts'
import { policyOf } from '../policy.ts'
import { silencing } from '../quiet.ts'
import { tellStillBroken } from '../still-broken.ts'
import { summarise } from '../summary.ts'
import { askMs, type Work, type WorkOptions } from '../work.ts'

const hourMs = 3_600_000

/** Who acts, on an incident's timeline. */
const who = 'clock'

/** What becomes of an incident as time goes by, and what people are told then. */
export const dueOfIncidents = {
  async dispatch(store, { subject }, options) {
    const { incident } = await loadIncident(store, subject)
    const isQuiet = await isObserved(incident, options)
    const isGivenUp = await store.transaction(async (query) => {
      const given = await giveUpAnalysis(query, subject, isQuiet)
      if (given && !isQuiet) await plan(query, options.settings, subject, { occasion: 'escalated' })
      return given
    })
    if (isGivenUp) return {}
    const waiting = await releaseDispatch(store, subject)
    return waiting ? { againInMs: schedule.dispatchMs } : {}
  },

  /** A page never waits for analysis: undecided, or still being fixed, people hear of it now. */
  async page_deadline(store, { subject }, options) {
    const { incident, alerts } = await loadIncident(store, subject)
    if (await isObserved(incident, options)) return {}
    const silence = await silencing(store, alerts, options.settings)
    await store.transaction(async (query) => {
      const { state, revision } = await lockIncident(query, subject)
      const isUndecided = state === 'open' || state === 'analyzing'
      if (!isUndecided && state !== 'fixing' && state !== 'verifying') return
      if (silence && isUndecided) return quieten(query, subject, silence)
      // What people were told before it became worse is another story.
      const told = (await loadActions(query, subject)).some((one) => one.message !== null && one.revision === revision)
      if (!told) await plan(query, options.settings, subject, { occasion: isUndecided ? 'raw' : 'decision' })
    })
    return {}
  },

  async reminder(store, { subject, attempt }, { settings }) {
    const { alerts } = await loadIncident(store, subject)
    const silence = await silencing(store, alerts, settings)
    if (silence) return { againInMs: Math.max(silence.until.getTime() - Date.now(), schedule.lookAgainMs) }
    return store.transaction(async (query) => {
      const { state, revision, acknowledged_by } = await lockIncident(query, subject)
      if (acknowledged_by !== null || (state !== 'notified' && state !== 'escalated')) return {}
      await plan(query, settings, subject, { occasion: 'reminder', name: `reminder-${attempt}` })
      return { againInMs: reminderMs(await highestTier(query, subject, revision)) }
    })
  },

  async escalation(store, { subject }, { settings }) {
    const againInMs = await escalate(store, subject, settings, new Date())
    return againInMs === null ? {} : { againInMs }
  },

  async quiet(store, { subject }) {
    // Silenced, it may well go on: it is looked at when the silence ends.
    const quieted = await loadQuieted(store, subject)
    if (quieted?.kind === 'silence' || quieted?.kind === 'hold') return { againInMs: hourMs }
    if (await isAboutSilence(store, subject)) return { againInMs: hourMs }
    const closed = await closeIncident(store, subject, 'quiet', {
      who,
      why: 'nothing was heard of it for its quiet time',
    })
    if (closed) return {}
    // A fix is under way; should it fail, nobody else would ever close the incident.
    const { incident } = await loadIncident(store, subject)
    return incident.closed_at ? {} : { againInMs: hourMs }
  },

  async dismissed_expiry(store, { subject }) {
    await closeIncident(store, subject, 'expired', { who, why: 'a dismissal holds for an hour' })
    return {}
  },

  async resolved_notice(store, { subject }, { settings }) {
    await store.transaction(async (query) => {
      const { closed_how } = await lockIncident(query, subject)
      // That nothing was heard of it any more is no news; what stands in a channel is set right all the same.
      const silent = closed_how === 'quiet' || closed_how === 'expired'
      await plan(query, settings, subject, { occasion: 'resolved', silent })
    })
    return {}
  },

  /** Its message says where it goes on. */
  async merged_notice(store, { subject }, { settings }) {
    await store.transaction(async (query) => {
      const { merged_into: into } = await lockIncident(query, subject)
      if (into === null) return
      const { incident } = await loadIncident(query, into)
      await plan(query, settings, subject, { occasion: 'merged', what: `It is part of ${into}: ${incident.title}` })
    })
    return {}
  },

  async still_broken(store, { subject }, { settings }) {
    const { lasts } = await tellStillBroken(store, subject, settings)
    return lasts ? { againInMs: schedule.recoveryMs } : {}
  },

  async regroup(store, { subject }) {
    const { waits } = await regroupIncident(store, subject)
    return waits ? { againInMs: schedule.regroupMs } : {}
  },

  async hold(store, { subject }, options) {
    await lookAgain(store, subject, options)
    return {}
  },

  /** Many monitors never say that it is over: the system itself is asked. */
  async recovery(store, { subject }, { settings }) {
    const { incident } = await loadIncident(store, subject)
    if (incident.closed_at || incident.state === 'dismissed') return {}
    const since = incident.last_seen_at
    const context = { systems: await loadSystems(settings), signal: AbortSignal.timeout(askMs) }
    const seen = await airflowRecovered(incident.asset, since, context)
    if (!seen) return {}
    if (!seen.recovered) return { againInMs: schedule.recoveryMs }
    const asset = assetKey(incident.asset, incident.environment)
    const closed = await store.transaction((query) => recoverAsset(query, subject, asset, { who, why: seen.detail }))
    return closed ? {} : { againInMs: schedule.recoveryMs }
  },

  async summary(store, { subject }, options) {
    await summarise(store, subject, options)
    return {}
  },
} satisfies Partial<Record<DueKind, Work>>

/** Plans a message to every channel; the turn's last step sends it. The key makes a second plan the same row. */
async function plan(
  query: Query,
  settings: Settings,
  id: string,
  { silent = false, ...message }: { occasion: Occasion; name?: string; silent?: boolean; what?: string },
): Promise<void> {
  const known = { ...(await loadKnown(query, id)), silent }
  for (const action of await messagesTo(settings, known, message))
    await planAction(query, id, known.incident.revision, action)
}

/** Whether nothing may leave for this incident's source. A policy that can't be read stops decisions, never a page. */
async function isObserved({ source }: Incident, { settings, log }: WorkOptions): Promise<boolean> {
  try {
    return (await policyOf(source, settings)).mode === 'observe'
  } catch (thrown) {
    const { code, message } = toAppError(thrown)
    log('error', `The policy can't be read, so people are told: ${code}: ${message}`)
    return false
  }
}
