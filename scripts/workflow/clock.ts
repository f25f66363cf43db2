import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import type { Store } from '../store/connection.ts'
import { countUndispatched } from '../store/dispatch.ts'
import { claimDue, type Due, finishDue, postponeDue, scheduleDue, withClockLock } from '../store/due.ts'
import { deliverMessages } from './deliver.ts'
import { dueWork } from './due-work.ts'
import { reconcile } from './reconcile.ts'

export interface Turn {
  /** Incidents that wait for their analysis. */
  toAnalyze: number
  /** An incident whose fix waits for a flow; empty when there is none. */
  toFix: string
  /** Whether old executions are to be purged now. */
  purge: boolean
  /** How many due rows, messages and bodies were worked. */
  worked: number
}

/** How long a due row that failed waits, by attempt. */
const backOffMs = [30_000, 60_000, 300_000, 900_000]

/**
 * One turn of the clock: works what is due, for at most `limitMs`. A second turn at the same time ends well and does
 * nothing. One row that fails is postponed and does not hold up the others.
 */
export async function tick(
  store: Store,
  options: {
    settings: Settings
    namespace: string
    limitMs: number
    log(level: 'info' | 'warn' | 'error', text: string): void
  },
): Promise<Turn> {
  const end = Date.now() + options.limitMs
  const stop = () => Date.now() > end
  const idle: Turn = { toAnalyze: 0, toFix: '', purge: false, worked: 0 }
  const turn = await withClockLock(store, async () => {
    const turn = { ...idle }
    await attempt('taking in what failed', async () => {
      if (options.settings.KESTRA_URL) turn.worked += await reconcile(store, options.settings, options.namespace, stop)
    })
    await scheduleDue(store, { kind: 'purge', subject: 'executions', inMs: 0, ifAbsent: true })
    while (!stop()) {
      const rows = await claimDue(store, 20)
      for (const due of rows) await work(due, turn)
      if (rows.length === 0) break
    }
    await attempt('sending messages', async () => {
      while (!stop()) {
        const { sent, later, refused } = await deliverMessages(store, options.settings, { limit: 10 })
        turn.worked += sent
        for (const reason of [...later, ...refused]) options.log('warn', reason)
        if (sent + later.length + refused.length === 0) break
      }
    })
    turn.toAnalyze = await countUndispatched(store)
    return turn
  })
  return turn === 'busy' ? idle : turn

  async function work(due: Due, turn: Turn): Promise<void> {
    try {
      const worked = await dueWork[due.kind](store, due, options)
      if (worked.fix) turn.toFix = worked.fix
      if (worked.purge) turn.purge = true
      if (worked.againInMs === undefined) await finishDue(store, due)
      else await postponeDue(store, due, worked.againInMs)
      turn.worked += 1
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'E_STORE_UNAVAILABLE') throw error
      options.log('error', `${due.kind} of ${due.subject}: ${error.code}: ${error.message}`)
      await postponeDue(store, due, backOffMs[Math.min(due.attempt, backOffMs.length) - 1] ?? 30_000)
    }
  }

  async function attempt(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'E_STORE_UNAVAILABLE') throw error
      options.log('error', `${what}: ${error.code}: ${error.message}`)
    }
  }
}
