import { setTimeout as delay } from 'node:timers/promises'
import type { Remediation } from '../domain/decision.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { remediationRow } from '../remediation/index.ts'
import type { Health, RemediationRow } from '../remediation/remediation.ts'
import { type ClaimedAction, claimActions, finishAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { loadDecision } from '../store/decisions.ts'
import { loadEvidence } from '../store/evidence.ts'
import { beginVerifying, escalateFix, loadFix, resolveFix } from '../store/fixes.ts'
import { loadIncident } from '../store/incidents.ts'
import { configuredChannels } from './route.ts'

/** How long one call to the target's system may take. */
const callMs = 30_000

export interface FixRun {
  /** `done`: it ran, now or before; `escalated`: it could not and people are told; `nothing`: no fix is due. */
  outcome: 'done' | 'escalated' | 'nothing'
  detail: string
}

/**
 * Runs the incident's fix, once. An attempt whose outcome is unknown is looked up at the target first and never
 * repeated blind.
 */
export async function runFix(store: Store, id: string, settings: Settings): Promise<FixRun> {
  const [action] = await claimActions(store, { incident: id, kinds: ['fix'], limit: 1 })
  if (!action?.remediation) return { outcome: 'nothing', detail: 'No fix is due.' }
  const remediation = action.remediation
  try {
    const detail = await execute(remediationRow(remediation.template), remediation, action, settings)
    await finishAction(store, action, { state: 'sent', reference: detail })
    await beginVerifying(store, id, `${remediation.template} on ${remediation.target}: ${detail}`)
    return { outcome: 'done', detail }
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.retryable) {
      // It may have reached the target: the next attempt looks there before it does anything.
      await finishAction(store, action, { state: 'unknown', reason: error.message, retryInMs: 5_000 })
      throw error
    }
    await finishAction(store, action, { state: 'failed', reason: error.message })
    await escalate(store, id, action.revision, settings, [
      `${remediation.template} on ${remediation.target} failed: ${error.message}`,
    ])
    return { outcome: 'escalated', detail: error.message }
  }
}

async function execute(
  row: RemediationRow,
  remediation: Remediation,
  action: ClaimedAction,
  settings: Settings,
): Promise<string> {
  if (action.attempt > 1 && (await row.wasDone(remediation, action.key, settings, AbortSignal.timeout(callMs)))) {
    return 'an earlier attempt had gone through'
  }
  await row.dryRun(remediation, settings, AbortSignal.timeout(callMs))
  return row.execute(remediation, action.key, settings, AbortSignal.timeout(callMs))
}

/**
 * Looks at the target until it is well, bad, or patience ends; then resolves or escalates. What is still working is
 * left to the clock, until the fix's own deadline is over.
 */
export async function verifyFix(
  store: Store,
  id: string,
  settings: Settings,
  { patienceMs, pauseMs = 2_000 }: { patienceMs: number; pauseMs?: number },
): Promise<Health> {
  const fix = await loadFix(store, id)
  if (!fix) return { state: 'well', detail: 'No fix is being verified.' }
  const row = remediationRow(fix.remediation.template)
  const end = Date.now() + patienceMs
  let health = await look(row, fix.remediation, settings)
  while (health.state === 'working' && Date.now() + pauseMs < end) {
    await delay(pauseMs)
    health = await look(row, fix.remediation, settings)
  }
  const what = `${fix.remediation.template} on ${fix.remediation.target}`
  if (health.state === 'well') {
    const messages = await outcomeMessages(store, id, settings, 'fixed', [`${what}: ${health.detail}`])
    await resolveFix(store, id, fix.revision, health.detail, messages)
  } else if (health.state === 'bad' || fix.overdue) {
    await escalate(store, id, fix.revision, settings, [`${what} ran, but: ${health.detail}`])
    return { ...health, state: 'bad' }
  }
  return health
}

async function look(row: RemediationRow, remediation: Remediation, settings: Settings): Promise<Health> {
  try {
    return await row.verify(remediation, settings, AbortSignal.timeout(callMs))
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'E_UNEXPECTED') throw error
    return { state: 'working', detail: `its state could not be read: ${error.message}` }
  }
}

async function escalate(
  store: Store,
  id: string,
  revision: number,
  settings: Settings,
  tried: string[],
): Promise<void> {
  const messages = await outcomeMessages(store, id, settings, 'escalated', tried)
  await escalateFix(store, id, revision, tried.join('; '), messages)
}

async function outcomeMessages(
  store: Store,
  id: string,
  settings: Settings,
  occasion: Message['occasion'],
  tried: string[],
) {
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await loadEvidence(store, id, incident.revision)
  const decision = await loadDecision(store, id, incident.revision)
  const message = buildMessage({ occasion, incident, decision, alerts, evidence, tried })
  return configuredChannels(settings).map((kind) => ({
    kind,
    key: `${id}:${incident.revision}:${kind}:${occasion}`,
    message,
  }))
}
