/** Statuses after which the same call may succeed. */
export const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Retry-After in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined
}

/** What to do about a code of Node's for a connection that came to nothing. */
export function networkHint(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'Its host name is not known: check the address, and DNS from here.'
  if (code === 'CERT_HAS_EXPIRED') return 'Its certificate has expired: renew it there.'
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code)) {
    return 'Its certificate is not trusted: name its authority in NODE_EXTRA_CA_CERTS, or correct the host name.'
  }
  if (/^ERR_SSL|EPROTO/.test(code)) return 'It does not speak TLS there: check http or https, and the port.'
  if (code === 'ECONNREFUSED') return 'Nothing listens there: check the address, and that the system is up.'
  return 'Check the address, the network, and that the system is up.'
}

/** The code of a fetch failure (`ECONNREFUSED`), found in its cause. Its text is not shown: it may hold the URL. */
export function faultCode(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  for (const candidate of [cause, thrown]) {
    const code = candidate instanceof Error && 'code' in candidate ? candidate.code : undefined
    if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code
  }
  return 'connection failed'
}

/** What to do about a status that is no success. */
export function hintFor(status: number): string {
  if (status === 401) return 'Check the user name, password or token.'
  if (status === 403) return 'Give the user the right it lacks, or use another user.'
  if (status === 404) return 'Check the address and that the thing still exists.'
  if (status === 429) return 'It is asked too often: wait, or raise its limit.'
  return status >= 500 ? 'It has a fault of its own: see its log.' : 'See the log of the other side for the reason.'
}
