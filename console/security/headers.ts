import type { MiddlewareHandler } from 'hono'
import type { Ground } from '../environment.ts'

/** Everything comes from the console's own host; nothing inline runs, nothing frames it, no form leads elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Sets what a browser is told about every answer. */
export function safeHeaders({ publicUrl }: Pick<Ground, 'publicUrl'>): MiddlewareHandler {
  return async (context, next) => {
    await next()
    const { headers } = context.res
    headers.set('content-security-policy', policy)
    headers.set('x-content-type-options', 'nosniff')
    headers.set('x-frame-options', 'DENY')
    headers.set('referrer-policy', 'same-origin')
    headers.set('cross-origin-opener-policy', 'same-origin')
    headers.set('cross-origin-resource-policy', 'same-origin')
    headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=()')
    if (publicUrl?.protocol === 'https:') headers.set('strict-transport-security', 'max-age=31536000')
    // What a person sees is theirs: no cache between keeps it, and the back button after logging out shows nothing.
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  }
}
