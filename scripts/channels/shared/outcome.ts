import { oneLine } from '../../domain/text.ts'
import type { Delivery } from '../channel.ts'

/** Faults of a connection that never came about, so nothing can have arrived. */
export const neverLeft: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EDNS',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What a connection that broke means for a delivery. `setting` names where the address is from. */
export function connectionFault(thrown: unknown, system: string, setting: string): Delivery {
  const codes = causes(thrown).map(describe)
  if (codes.includes('unexpected redirect')) return refused(`${setting} leads elsewhere: it was redirected`)
  const code = codes.find((candidate) => neverLeft.has(candidate))
  if (code) return busy(`${system} can't be reached (${code})`)
  if (codes.some((candidate) => ['TimeoutError', 'AbortError', 'ETIMEDOUT'].includes(candidate))) {
    return unknown(`${system} did not answer in time`)
  }
  return unknown(`the connection to ${system} broke before it answered`)
}

/** The fault and what caused it, outermost first. */
export function causes(thrown: unknown): Error[] {
  const found: Error[] = []
  for (let error = thrown; error instanceof Error && found.length < 10; ) {
    found.push(error)
    // Slack's library keeps the cause under a name of its own.
    error = error.cause ?? ('original' in error ? error.original : undefined)
  }
  return found
}

/** A code or a name: the message of such a fault may hold the address, and that may be the secret. */
function describe(error: Error): string {
  if (error.message === 'unexpected redirect') return error.message
  return 'code' in error && typeof error.code === 'string' && /^[A-Z_]+$/.test(error.code) ? error.code : error.name
}

export function refused(reason: string): Delivery {
  return { outcome: 'refused', reason: oneLine(reason, 300) }
}

export function busy(reason: string, retryAfterMs: number | null = null): Delivery {
  return { outcome: 'busy', reason: oneLine(reason, 300), retryAfterMs }
}

export function unknown(reason: string): Delivery {
  return { outcome: 'unknown', reason: oneLine(reason, 300) }
}

export function needless(reason: string): Delivery {
  return { outcome: 'needless', reason }
}

/** `Retry-After` in seconds, as a header writes it, in milliseconds; null when there is none to read. */
export function secondsOf(retryAfter: string | null): number | null {
  return retryAfter && /^\d{1,6}$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : null
}
