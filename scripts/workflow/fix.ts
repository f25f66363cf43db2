import { setTimeout as delay } from 'node:timers/promises'
import type { Remediation } from '../domain/decision.ts'
import { schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { type AppError, toAppError } from '../lib/errors.ts'
import { plannedRow, remediationRow } from '../remediation/index.ts'
import type { Health, Looking } from '../remediation/remediation.ts'
import type { Store } from '../store/connection.ts'
import { scheduleDue } from '../store/due.ts'
import { fixedMeanwhile, fixerOf } from '../store/fix-runs.ts'
import { beginVerifying, escalateFix, type Fix, loadFix, resolveFix } from '../store/fixes.ts'
import { type ClaimedAction, claimActions, finishAction } from '../store/outbox.ts'
import { mayRun, notAllowed } from './admission.ts'
import { lookingAt } from './looking.ts'
import { loadKnown, messagesTo } from './messages.ts'

/** How long one step of a fix may take; three of them fit into the task's time, and that into the action's lease. */
const callMs = 30_000

export interface FixRun {
  /**
   * `done`: it ran, now or before; `escalated`: it could not and people are told; `waiting`: its target is being fixed
   * for another incident; `nothing`: no fix is due.
   */
  outcome: 'done' | 'escalated' | 'waiting' | 'nothing'
  detail: string
}

/**
 * Runs the incident's fix, once. An attempt whose outcome is unknown is looked up at the target first and never
 * repeated blind. Run again it answers the same, and finishes what an attempt that died left open.
 * @throws AppError that is retryable while the target's system is away: the next attempt may begin at once
 */
export async function runFix(store: Store, id: string, settings: Settings): Promise<FixRun> {
  const fix = await loadFix(store, id)
  if (!fix?.underWay) return outcomeOf(fix)
  if (fix.state === 'sent') return done(store, id, fix, fix.detail ?? 'it ran')
  if (fix.state === 'failed') return giveUp(store, id, settings, fix, `failed: ${fix.detail}`)
  const [action] = await claimActions(store, { incident: id, kinds: ['fix'], limit: 1 })
  if (!action) return { outcome: 'nothing', detail: 'Another attempt is at it.' }
  const attempt = await execute(store, action, fix.remediation, settings)
  if ('detail' in attempt) {
    await finishAction(store, action, { state: 'sent', reference: attempt.detail })
    return done(store, id, fix, attempt.detail)
  }
  if ('waits' in attempt) {
    await finishAction(store, action, { state: 'planned', reason: attempt.waits, retryInMs: schedule.fixTurnMs })
    await scheduleDue(store, { kind: 'fix', subject: id, inMs: schedule.fixTurnMs })
    return { outcome: 'waiting', detail: attempt.waits }
  }
  const { error, begun } = attempt
  const reason = error.message
  if (error.retryable) {
    // Kestra runs this task again: that attempt looks at the target before it does anything.
    await finishAction(store, action, { state: begun ? 'unknown' : 'planned', reason, retryInMs: 0 })
    throw error
  }
  await finishAction(store, action, { state: 'failed', reason })
  return giveUp(store, id, settings, fix, `failed: ${reason}`)
}

/** Leaves to people what could not be run in time. */
export async function giveUpFix(store: Store, id: string, settings: Settings, fix: Fix): Promise<void> {
  await giveUp(store, id, settings, fix, `could not be run in time: ${fix.detail ?? 'no attempt was made'}`)
}

type Attempt = { detail: string } | { waits: string } | { error: AppError; begun: boolean }

async function execute(
  store: Store,
  action: ClaimedAction,
  remediation: Remediation,
  settings: Settings,
): Promise<Attempt> {
  let begun = false
  try {
    const row = plannedRow(remediation)
    if (action.attempt > 1 && (await row.wasDone(remediation, action.key, settings, AbortSignal.timeout(callMs)))) {
      return { detail: 'an earlier attempt had gone through' }
    }
    const turn = await turnOf(store, action, row.touches(remediation).thing)
    if (turn) return turn
    await row.dryRun(remediation, settings, AbortSignal.timeout(callMs))
    // Last, so that a switch thrown or a policy made stricter a moment ago still counts.
    const admission = await mayRun(store, action, remediation, settings)
    if (admission.answer === 'wait') return { waits: admission.why }
    if (admission.answer === 'never') throw notAllowed(admission.why)
    begun = true
    return { detail: await row.execute(remediation, action.key, settings, AbortSignal.timeout(callMs)) }
  } catch (thrown) {
    return { error: toAppError(thrown), begun }
  }
}

/** Another incident's fix of the same thing is waited for; one that went well since this one was planned does for both. */
async function turnOf(store: Store, { key, incident }: ClaimedAction, thing: string): Promise<Attempt | null> {
  const fixer = await fixerOf(store, thing, incident)
  if (fixer) return { waits: `${thing} is being fixed for ${fixer}` }
  const other = await fixedMeanwhile(store, key, thing)
  return other ? { detail: `it was fixed for ${other} meanwhile` } : null
}

async function done(store: Store, id: string, fix: Fix, detail: string): Promise<FixRun> {
  await beginVerifying(store, id, `${nameOf(fix)}: ${detail}`)
  return { outcome: 'done', detail }
}

async function giveUp(store: Store, id: string, settings: Settings, fix: Fix, what: string): Promise<FixRun> {
  await escalate(store, id, settings, fix, what, 'not_run')
  return { outcome: 'escalated', detail: `${nameOf(fix)} ${what}` }
}

/** What came of a fix that is over, whoever ended it. */
function outcomeOf(fix: Fix | null): FixRun {
  if (fix?.state === 'sent' || fix?.state === 'confirmed') return { outcome: 'done', detail: fix.detail ?? 'it ran' }
  if (fix?.state === 'failed') return { outcome: 'escalated', detail: `${nameOf(fix)} failed: ${fix.detail}` }
  return { outcome: 'nothing', detail: 'No fix is due.' }
}

export interface Verifying {
  patienceMs: number
  lookMs?: number
  pauseMs?: number
  /** False for whoever has no credentials that change anything: what is to be taken back is left to who has. */
  mayUndo?: boolean
}

/** `toTakeBack`: it did not help, and the flow with the credentials for it is to take it back and to tell people. */
export type Verified = Health & { toTakeBack?: true }

/**
 * Looks at the target until it is well, bad, or patience ends; then resolves or escalates. What is still working is
 * left to the clock, until the fix's own deadline is over. One look takes at most `lookMs` more than patience allows.
 */
export async function verifyFix(
  store: Store,
  id: string,
  settings: Settings,
  { patienceMs, lookMs = callMs, pauseMs = 2_000, mayUndo = true }: Verifying,
): Promise<Verified> {
  const fix = await loadFix(store, id)
  if (!fix?.underWay) return healthOf(fix)
  if (fix.state !== 'sent') return { state: 'working', detail: 'The fix has not run yet.' }
  const end = Date.now() + patienceMs
  const looking = lookingAt(store, settings, fix.key, fix.planned_at)
  let health = await look(fix.remediation, settings, lookMs, looking)
  while (health.state === 'working' && Date.now() + pauseMs < end) {
    await delay(pauseMs)
    health = await look(fix.remediation, settings, lookMs, looking)
  }
  if (health.state === 'well') {
    const known = { ...(await loadKnown(store, id)), tried: [`${nameOf(fix)}: ${health.detail}`] }
    const messages = await messagesTo(settings, known, { occasion: 'fixed' })
    await resolveFix(store, id, fix.revision, health.detail, messages)
  } else if (health.state === 'bad' || fix.overdue) {
    if (!mayUndo && remediationRow(fix.remediation.template).undo && !fix.abandoned) {
      return { state: 'working', detail: health.detail, toTakeBack: true }
    }
    const undone = mayUndo ? await undo(fix, settings) : null
    const what = `ran, but: ${health.detail}${undone ? `; ${undone}` : ''}`
    await escalate(store, id, settings, fix, what, 'bad')
    return { state: 'bad', detail: health.detail }
  }
  return health
}

/** What came of a fix whose verification is over. */
function healthOf(fix: Fix | null): Health {
  if (!fix || fix.state === 'confirmed') return { state: 'well', detail: 'No fix is being verified.' }
  return { state: 'bad', detail: `${nameOf(fix)} did not help; people were told.` }
}

async function look(remediation: Remediation, settings: Settings, lookMs: number, looking: Looking): Promise<Health> {
  try {
    const row = remediationRow(remediation.template)
    return await row.verify(remediation, settings, AbortSignal.timeout(lookMs), looking)
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'E_UNEXPECTED') throw error
    return { state: 'working', detail: `its state could not be read: ${error.message}` }
  }
}

/** What was taken back of a fix that did not help, or why it could not be; null where there is nothing to take back. */
async function undo({ key, remediation }: Fix, settings: Settings): Promise<string | null> {
  const row = remediationRow(remediation.template)
  if (!row.undo) return null
  try {
    return await row.undo(remediation, key, settings, AbortSignal.timeout(callMs))
  } catch (thrown) {
    return `it could not be taken back: ${toAppError(thrown).message}`
  }
}

async function escalate(
  store: Store,
  id: string,
  settings: Settings,
  fix: Fix,
  what: string,
  outcome: 'bad' | 'not_run',
): Promise<void> {
  const tried = `${nameOf(fix)} ${what}`
  const known = await loadKnown(store, id)
  await escalateFix(store, id, fix.revision, {
    why: tried,
    outcome,
    messages: (also) => messagesTo(settings, { ...known, tried: [tried, ...also] }, { occasion: 'escalated' }),
  })
}

function nameOf({ remediation }: Fix): string {
  return `${remediation.template} on ${remediation.target}`
}
