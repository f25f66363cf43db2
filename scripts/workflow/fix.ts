import { setTimeout as delay } from 'node:timers/promises'
import type { Remediation } from '../domain/decision.ts'
import type { Settings } from '../lib/config.ts'
import { type AppError, toAppError } from '../lib/errors.ts'
import { remediationRow } from '../remediation/index.ts'
import type { Health } from '../remediation/remediation.ts'
import { type ClaimedAction, claimActions, finishAction, type PlannedAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { beginVerifying, escalateFix, type Fix, loadFix, resolveFix } from '../store/fixes.ts'
import { loadKnown, messagesTo } from './messages.ts'

/** How long one step of a fix may take; three of them fit into the task's time, and that into the action's lease. */
const callMs = 30_000

export interface FixRun {
  /** `done`: it ran, now or before; `escalated`: it could not and people are told; `nothing`: no fix is due. */
  outcome: 'done' | 'escalated' | 'nothing'
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
  const attempt = await execute(action, fix.remediation, settings)
  if ('detail' in attempt) {
    await finishAction(store, action, { state: 'sent', reference: attempt.detail })
    return done(store, id, fix, attempt.detail)
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

async function execute(
  action: ClaimedAction,
  remediation: Remediation,
  settings: Settings,
): Promise<{ detail: string } | { error: AppError; begun: boolean }> {
  let begun = false
  try {
    const row = remediationRow(remediation.template)
    if (action.attempt > 1 && (await row.wasDone(remediation, action.key, settings, AbortSignal.timeout(callMs)))) {
      return { detail: 'an earlier attempt had gone through' }
    }
    await row.dryRun(remediation, settings, AbortSignal.timeout(callMs))
    begun = true
    return { detail: await row.execute(remediation, action.key, settings, AbortSignal.timeout(callMs)) }
  } catch (thrown) {
    return { error: toAppError(thrown), begun }
  }
}

async function done(store: Store, id: string, fix: Fix, detail: string): Promise<FixRun> {
  await beginVerifying(store, id, `${nameOf(fix)}: ${detail}`)
  return { outcome: 'done', detail }
}

async function giveUp(store: Store, id: string, settings: Settings, fix: Fix, what: string): Promise<FixRun> {
  await escalate(store, id, settings, fix, what)
  return { outcome: 'escalated', detail: `${nameOf(fix)} ${what}` }
}

/** What came of a fix that is over, whoever ended it. */
function outcomeOf(fix: Fix | null): FixRun {
  if (fix?.state === 'sent' || fix?.state === 'confirmed') return { outcome: 'done', detail: fix.detail ?? 'it ran' }
  if (fix?.state === 'failed') return { outcome: 'escalated', detail: `${nameOf(fix)} failed: ${fix.detail}` }
  return { outcome: 'nothing', detail: 'No fix is due.' }
}

/**
 * Looks at the target until it is well, bad, or patience ends; then resolves or escalates. What is still working is
 * left to the clock, until the fix's own deadline is over. One look takes at most `lookMs` more than patience allows.
 */
export async function verifyFix(
  store: Store,
  id: string,
  settings: Settings,
  { patienceMs, lookMs = callMs, pauseMs = 2_000 }: { patienceMs: number; lookMs?: number; pauseMs?: number },
): Promise<Health> {
  const fix = await loadFix(store, id)
  if (!fix?.underWay) return healthOf(fix)
  if (fix.state !== 'sent') return { state: 'working', detail: 'The fix has not run yet.' }
  const end = Date.now() + patienceMs
  let health = await look(fix.remediation, settings, lookMs)
  while (health.state === 'working' && Date.now() + pauseMs < end) {
    await delay(pauseMs)
    health = await look(fix.remediation, settings, lookMs)
  }
  if (health.state === 'well') {
    const messages = await outcomeMessages(store, id, settings, 'fixed', `${nameOf(fix)}: ${health.detail}`)
    await resolveFix(store, id, fix.revision, health.detail, messages)
  } else if (health.state === 'bad' || fix.overdue) {
    await escalate(store, id, settings, fix, `ran, but: ${health.detail}`)
    return { state: 'bad', detail: health.detail }
  }
  return health
}

/** What came of a fix whose verification is over. */
function healthOf(fix: Fix | null): Health {
  if (!fix || fix.state === 'confirmed') return { state: 'well', detail: 'No fix is being verified.' }
  return { state: 'bad', detail: `${nameOf(fix)} did not help; people were told.` }
}

async function look(remediation: Remediation, settings: Settings, lookMs: number): Promise<Health> {
  try {
    return await remediationRow(remediation.template).verify(remediation, settings, AbortSignal.timeout(lookMs))
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'E_UNEXPECTED') throw error
    return { state: 'working', detail: `its state could not be read: ${error.message}` }
  }
}

async function escalate(store: Store, id: string, settings: Settings, fix: Fix, what: string): Promise<void> {
  const tried = `${nameOf(fix)} ${what}`
  const messages = await outcomeMessages(store, id, settings, 'escalated', tried)
  await escalateFix(store, id, fix.revision, tried, messages)
}

async function outcomeMessages(
  store: Store,
  id: string,
  settings: Settings,
  occasion: 'fixed' | 'escalated',
  tried: string,
): Promise<PlannedAction[]> {
  return messagesTo(settings, { ...(await loadKnown(store, id)), tried: [tried] }, { occasion })
}

function nameOf({ remediation }: Fix): string {
  return `${remediation.template} on ${remediation.target}`
}
