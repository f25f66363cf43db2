import { setTimeout as delay } from 'node:timers/promises'
import { toAppError } from '../lib/errors.ts'
import type { Store } from '../store/connection.ts'
import { claimDue, finishDue, msUntilDue, postponeDue } from '../store/due.ts'
import { deliverMessages } from './deliver.ts'
import { dueWork } from './due-work.ts'
import type { WorkOptions } from './work.ts'

const kind = 'page_deadline'
/** An incident may be decided before its deadline, and another one come that is due earlier. */
const lookEveryMs = 2_000
/** One that failed is the next turn's. */
const againInMs = 30_000

/**
 * Pages by the second, where the clock's next turn would be up to a minute late: waits for the deadlines that come
 * before `end`, as long as there are any. A turn at the same time does no harm: each row is claimed by one.
 * Answers how many deadlines were worked. @throws AppError E_STORE_…
 */
export async function keepDeadlines(store: Store, end: Date, options: WorkOptions): Promise<number> {
  let worked = 0
  for (;;) {
    const waitMs = await msUntilDue(store, kind)
    if (waitMs === null || Date.now() + waitMs > end.getTime()) return worked
    await delay(Math.min(waitMs, lookEveryMs))
    const [due] = await claimDue(store, 1, [kind])
    if (!due) continue
    try {
      await dueWork[kind](store, due, options)
      await finishDue(store, due)
      worked += 1
      const { later, refused } = await deliverMessages(store, options.settings, { incident: due.subject, limit: 20 })
      for (const reason of [...later, ...refused]) options.log('warn', reason)
    } catch (thrown) {
      const { code, message } = toAppError(thrown)
      if (code.startsWith('E_STORE')) throw thrown
      options.log('error', `${kind} of ${due.subject}: ${code}: ${message}`)
      await postponeDue(store, due, againInMs)
    }
  }
}
