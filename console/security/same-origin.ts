import type { MiddlewareHandler } from 'hono'
import type { Ground } from '../environment.ts'
import { Refusal } from '../refusal.ts'

const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Takes a change only from the console's own pages. Browsers say where a request comes from, by `Sec-Fetch-Site` or
 * `Origin`; one that says neither, or another place, is refused. A request with a token is not a browser's.
 */
export function sameOrigin({ publicUrl }: Pick<Ground, 'publicUrl'>): MiddlewareHandler {
  return async (context, next) => {
    if (harmless.has(context.req.method) || context.req.header('authorization')) return next()
    const site = context.req.header('sec-fetch-site')
    const origin = context.req.header('origin')
    const own = publicUrl?.origin ?? new URL(context.req.url).origin
    const isOwn = site === undefined ? origin === own : site === 'same-origin'
    if (isOwn) return next()
    throw new Refusal(403, 'This did not come from a page of the console.', 'Open the page again and repeat it there.')
  }
}
