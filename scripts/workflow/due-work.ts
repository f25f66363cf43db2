import { airflowRecovered } from '../connectors/airflow.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { assetKey } from '../domain/fingerprint.ts'
import type { Incident } from '../domain/incident.ts'
import type { Occasion } from '../domain/message.ts'
import { type DueKind, reminderMs, schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { loadActions, planAction } from '../store/actions.ts'
import type { Query, Store } from '../store/connection.ts'
import { giveUpAnalysis } from '../store/decisions.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import type { Due } from '../store/due.ts'
import { highestTier } from '../store/evidence.ts'
import { loadFix } from '../store/fixes.ts'
import { recoverAsset, regroupIncident } from '../store/folding.ts'
import { closeIncident, loadIncident, lockIncident } from '../store/incidents.ts'
import { loadQuieted, quieten } from '../store/quieting.ts'
import { isAboutSilence } from '../store/sources.ts'
import { expireApproval } from './approval.ts'
import { tellDigest } from './digest.ts'
import { escalate } from './escalation.ts'
import { giveUpFix, runFix, verifyFix } from './fix.ts'
import { lookAgain } from './look-again.ts'
import { loadKnown, messagesTo } from './messages.ts'
import { policyOf } from './policy.ts'
import { silencing } from './quiet.ts'
import { purgeableBefore, retain, retentionOf } from './retention.ts'
import { lookAtShadow } from './shadow.ts'
import { tellStillBroken } from './still-broken.ts'
import { summarise } from './summary.ts'
import { projectsIn, syncProject } from './sync-projects.ts'
import { syncTables, warehousesIn } from './sync-tables.ts'
import type { WorkOptions } from './work.ts'

/** What came of one due row. */
export interface Worked {
  /** The row stays and is worked again after this. */
  againInMs?: number
  /** An incident whose fix needs a flow. */
  fix?: string
  /** Until when Kestra's executions may go. */
  purgeBefore?: Date
}

type Work = (store: Store, due: Due, options: WorkOptions) => Promise<Worked>

const minuteMs = 60_000
const hourMs = 3_600_000

/** How long a system may take to say whether it is well: others wait for their turn. */
const askMs = 10_000

/** Who acts, on an incident's timeline. */
const who = 'clock'

/** What the clock does about each kind of due row. The subject is an incident's id, but for `digest`, `sync`, `purge` and `retention`. */
export const dueWork: Record<DueKind, Work> = {
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

  /** The fix's own flow has not ended it: another one is started, until the fix has had its time. */
  async fix(store, { subject }, { settings }) {
    const fix = await loadFix(store, subject)
    if (!fix?.underWay) return {}
    if (fix.state === 'sent' || fix.state === 'failed') {
      // It has ended, and what ended it died before saying so.
      await runFix(store, subject, settings)
      return {}
    }
    if (!fix.overdue) return { fix: subject, againInMs: schedule.fixMs }
    await giveUpFix(store, subject, settings, fix)
    return {}
  },

  async approval(store, { subject }, { settings }) {
    await expireApproval(store, subject, settings)
    return {}
  },

  async shadow(store, { subject }, { settings }) {
    return (await lookAtShadow(store, subject, settings, askMs)) ? {} : { againInMs: schedule.shadowMs }
  },

  async verify(store, { subject }, { settings }) {
    const looking = { patienceMs: 0, lookMs: askMs, mayUndo: false }
    const { state, toTakeBack } = await verifyFix(store, subject, settings, looking)
    if (toTakeBack) return { fix: subject, againInMs: schedule.fixMs }
    return state === 'working' ? { againInMs: schedule.verifyMs } : {}
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

  async hold(store, { subject }, options) {
    await lookAgain(store, subject, options)
    return {}
  },

  async summary(store, { subject }, options) {
    await summarise(store, subject, options)
    return {}
  },

  async digest(store, { subject }, { settings }) {
    await tellDigest(store, subject, settings)
    return {}
  },

  /** One system that can't be read costs the others nothing; what was kept of it stays. */
  async sync(store, { subject }, { settings, log }) {
    const systems = await loadSystems(settings)
    const isWarehouses = subject === 'warehouses'
    const what = isWarehouses ? 'its tables' : 'its project'
    for (const system of isWarehouses ? warehousesIn(systems) : projectsIn(systems)) {
      try {
        const seen = await (isWarehouses ? syncTables(store, system, settings, new Date()) : syncProject(store, system))
        if (seen) log('info', `${system.name}: ${what} changed; that was kept.`)
      } catch (thrown) {
        const { code, message, hint } = toAppError(thrown)
        if (code === 'E_STORE_UNAVAILABLE') throw thrown
        log('warn', `${system.name}: ${what} can't be read: ${code}: ${message} ${hint}`)
      }
    }
    return { againInMs: schedule.syncMs }
  },

  async purge(store, _due, { settings }) {
    const { executions } = await retentionOf(settings)
    try {
      return { purgeBefore: await purgeableBefore(store, settings, executions, new Date()), againInMs: hourMs }
    } catch (thrown) {
      // A Kestra that does not answer was told of in this turn already, by whoever takes in what failed.
      if (toAppError(thrown).code.startsWith('E_HTTP_')) return { againInMs: minuteMs }
      throw thrown
    }
  },

  /** A batch at a time: what is left waits for the next turn, and nothing else waits for it. */
  async retention(store, _due, { settings, log }) {
    const { removed, more } = await retain(store, await retentionOf(settings))
    if (removed > 0) log('info', `${removed} rows were older than they are kept`)
    return { againInMs: more ? minuteMs : hourMs }
  },
}

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
