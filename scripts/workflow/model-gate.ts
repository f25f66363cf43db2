import type { ModelGate } from '../analysis/analyze.ts'
import type { ModelTerms } from '../domain/model-terms.ts'
import type { Store } from '../store/connection.ts'
import { addModelUsage, modelUsage } from '../store/model-usage.ts'
import { takeTurn, tellOutcome } from '../store/systems.ts'

/** Under this name the model has its place among the systems that are left alone after failures. */
const model = 'model'

/** Begins every reason that a spent budget gives. */
export const budgetSpent = 'the budget of the model is spent'

/**
 * What all tasks of a tenant know of the model: today's budget, and the breaker. Whoever asks at the same time may
 * each overspend by one analysis: a reservation that dies with its process would cost more than that.
 */
export function modelGate(store: Store, { tokens_per_day, usd_per_day }: ModelTerms): ModelGate {
  return {
    async closed() {
      const used = await modelUsage(store)
      if (tokens_per_day > 0 && used.tokens >= tokens_per_day) return `${budgetSpent} (${tokens_per_day} tokens a day)`
      if (usd_per_day > 0 && used.costUsd >= usd_per_day) return `${budgetSpent} (${usd_per_day} USD a day)`
      const turn = await takeTurn(store, model, null, { waitMs: 0, leaseMs: 60_000 })
      return turn.turn === 'paused' ? `the model is left alone for now: ${turn.reason}` : null
    },
    async tell(used, fault) {
      if (used.calls > 0) await addModelUsage(store, used)
      // An answer that breaks the rules is an answer: only a service that does not answer is left alone.
      const isDown = fault?.code === 'E_MODEL_UNAVAILABLE'
      await tellOutcome(store, model, null, null, {
        answer: null,
        keepSeconds: 0,
        fault: isDown ? { code: fault.code, reason: fault.message, retryAfterMs: fault.retryAfterMs } : null,
        isWell: !isDown && used.calls > 0,
      })
    },
  }
}
