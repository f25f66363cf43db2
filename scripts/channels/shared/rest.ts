import { AppError } from '../../lib/errors.ts'
import { HttpStatusError } from '../../lib/http.ts'
import type { Delivery } from '../channel.ts'
import { busy, neverLeft, refused, unknown } from './outcome.ts'

/**
 * What a failed call by lib/http.ts means for a delivery. `hints` says by status what to do about a refusal.
 * @throws whatever is no fault of the other side
 */
export function restFault(thrown: unknown, system: string, hints: Readonly<Record<number, string>> = {}): Delivery {
  if (thrown instanceof HttpStatusError) {
    const { status, retryAfterMs = null } = thrown
    if (status === 429) return busy(`${system} is rate limiting`, retryAfterMs)
    // 503 says that nothing was done; of other faults of its own nobody knows how far it came.
    if (status === 503) return busy(`${system} answered 503`, retryAfterMs)
    if (status >= 500 || status === 408) return unknown(`${system} answered ${status}`)
    return refused(`${system} answered ${status}${hints[status] ? `: ${hints[status]}` : ''}`)
  }
  if (!(thrown instanceof AppError)) throw thrown
  switch (thrown.code) {
    case 'E_HTTP_NETWORK': {
      const code = /\(([A-Z_]+)\)/.exec(thrown.message)?.[1] ?? ''
      if (neverLeft.has(code)) return busy(`${system} can't be reached (${code})`)
      return unknown(`the connection to ${system} broke before it answered`)
    }
    case 'E_HTTP_TIMEOUT':
      return unknown(`${system} did not answer in time`)
    case 'E_HTTP_ANSWER':
      return unknown(`what answered is not ${system}, or only half an answer came`)
    case 'E_HTTP_REDIRECT':
      return refused(`the address of ${system} leads elsewhere: it was redirected`)
    case 'E_SETTING_INVALID':
      return refused(`the address of ${system} is not a web address`)
    default:
      throw thrown
  }
}
