import { byPromise } from '../domain/fix-queue.ts'
import type { KeyPair } from '../domain/webhook-keys.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { sealAudit } from '../store/audit-chain.ts'
import type { Store } from '../store/connection.ts'
import { countUndispatched } from '../store/dispatch.ts'
import {
  claimDue,
  type Due,
  finishDue,
  hastenDue,
  msUntilDue,
  postponeDue,
  scheduleDue,
  withClockLock,
} from '../store/due.ts'
import { loadEvidence } from '../store/evidence.ts'
import { noteKeys } from '../store/webhook-keys.ts'
import { deliverMessages } from './deliver.ts'
import { planDigests } from './digest.ts'
import { dueWork } from './due-work.ts'
import { keepCatalogLineage } from './lineage.ts'
import { keepPlaces } from './places.ts'
import { reconcile } from './reconcile.ts'
import { watchSources } from './silent-sources.ts'
import { takeUnreported } from './unreported.ts'
import type { WorkOptions } from './work.ts'

export interface Turn {
  /** Incidents that wait for their analysis. */
  toAnalyze: number
  /** An incident whose fix waits for a flow; empty when there is none. */
  toFix: string
  /** Old executions are to be purged now, those before this; null: none. */
  purgeBefore: Date | null
  /** How many due rows, messages and bodies were worked. */
  worked: number
  /** Whether a page falls due before the next turn. */
  isPageNear: boolean
}

const betweenTurnsMs = 60_000

/** How long a due row that failed waits, by attempt. */
const backOffMs = [30_000, 60_000, 300_000, 900_000]

/** A turn starts one fix; the next one waits for the next turn. */
const nextTurnMs = 30_000

/**
 * One turn of the clock: works what is due, for at most `limitMs` and one call more. A second turn at the same time
 * ends well and does nothing. One row that fails is postponed and does not hold up the others, and no kind of work
 * takes the whole of a turn: what hangs costs the others nothing but time.
 * @throws AppError E_STORE_UNAVAILABLE; the next turn goes on where this one ended.
 */
export async function tick(
  store: Store,
  options: WorkOptions & { settings: Settings; namespace: string; limitMs: number; webhookKeys?: KeyPair },
): Promise<Turn> {
  const { settings, namespace, limitMs, webhookKeys, log } = options
  const start = Date.now()
  const until = (share: number) => () => Date.now() > start + limitMs * share
  const turn: Turn = { toAnalyze: 0, toFix: '', purgeBefore: null, worked: 0, isPageNear: false }
  const waiting: Due[] = []
  await withClockLock(store, async () => {
    await attempt('sending messages', () => send(until(0.3)))
    await attempt('reading the catalogue', () => keepCatalogLineage(store, settings))
    await attempt('keeping which systems there are', () => keepPlaces(store, settings))
    await attempt('taking in what failed', async () => {
      if (settings.KESTRA_URL) turn.worked += await reconcile(store, { settings, namespace, log, stop: until(0.5) })
    })
    await attempt('asking what failed', async () => {
      turn.worked += await takeUnreported(store, { settings, log, stop: until(0.6) })
    })
    await attempt('listening for silent sources', async () => {
      turn.worked += await watchSources(store, options)
    })
    // Flows of an earlier release hand over none.
    if (webhookKeys?.current) await attempt('noting the webhook’s keys', () => noteKeys(store, webhookKeys))
    await attempt('planning digests', () => planDigests(store, settings, new Date()))
    await scheduleDue(store, { kind: 'purge', subject: 'executions', inMs: 0, ifAbsent: true })
    await scheduleDue(store, { kind: 'sync', subject: 'projects', inMs: 0, ifAbsent: true })
    await scheduleDue(store, { kind: 'sync', subject: 'warehouses', inMs: 0, ifAbsent: true })
    await scheduleDue(store, { kind: 'retention', subject: 'store', inMs: 0, ifAbsent: true })
    await workDue(until(0.8))
    await attempt('choosing the next fix', chooseFix)
    await attempt('sending messages', () => send(until(1)))
    await attempt('sealing the audit log', seal)
    turn.toAnalyze = await countUndispatched(store)
    turn.isPageNear = ((await msUntilDue(store, 'page_deadline')) ?? betweenTurnsMs) < betweenTurnsMs
  })
  return turn

  async function send(stop: () => boolean): Promise<void> {
    const { sent, later, refused } = await deliverMessages(store, settings, { limit: 1000, stop })
    turn.worked += sent
    for (const reason of [...later, ...refused]) log('warn', reason)
  }

  async function seal(): Promise<void> {
    if (!settings.AUDIT_KEY) return
    const { sealed, head } = await sealAudit(store, settings.AUDIT_KEY, until(1))
    // Told to Kestra as well, where whoever changes the store does not reach it.
    if (sealed > 0 && head) log('info', `The audit log's newest link is ${head.sequence}:${head.seal}`)
  }

  async function workDue(stop: () => boolean): Promise<void> {
    while (!stop()) {
      // One at a time: what this turn has no time for is not held back from the next one.
      const [due] = await claimDue(store, 1)
      if (!due) return
      const isWorked = await attempt(`${due.kind} of ${due.subject}`, () => work(due))
      if (!isWorked) await postponeDue(store, due, backOffMs[Math.min(due.attempt, backOffMs.length) - 1] ?? 30_000)
    }
  }

  async function work(due: Due): Promise<void> {
    const { fix = '', purgeBefore = null, againInMs } = await dueWork[due.kind](store, due, options)
    if (fix !== '') waiting.push(due)
    turn.purgeBefore ??= purgeBefore
    turn.worked += 1
    await (againInMs === undefined ? finishDue(store, due) : postponeDue(store, due, againInMs))
  }

  /** Of all fixes that wait for a flow the one whose promise ends next; the others' turn is the next one. */
  async function chooseFix(): Promise<void> {
    const known = []
    for (const { subject } of waiting) known.push({ incident: subject, evidence: await loadEvidence(store, subject) })
    const [first = '', ...others] = byPromise(known)
    turn.toFix = first
    for (const { kind, subject } of waiting) {
      if (others.includes(subject)) await hastenDue(store, { kind, subject, inMs: nextTurnMs })
    }
  }

  async function attempt(what: string, run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run()
      return true
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'E_STORE_UNAVAILABLE') throw error
      log('error', `${what}: ${error.code}: ${error.message}`)
      return false
    }
  }
}
