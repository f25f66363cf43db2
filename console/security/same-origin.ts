import type { MiddlewareHandler } from 'hono'
import { apiBase } from '../api/base.ts'
import type { Ground } from '../environment.ts'
import { Refusal } from '../refusal.ts'

const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Takes a change only from the console's own pages. Browsers say where a request comes from, by `Sec-Fetch-Site` or
 * `Origin`; one that says neither, or another place, is refused. The API takes no cookie, so
 * that no page of another site can ask it for anybody.
 */
export function sameOrigin({ publicUrl }: Pick<Ground, 'publicUrl'>): MiddlewareHandler {
  return async (context, next) => {
    if (harmless.has(context.req.method) || context.req.path.startsWith(`${apiBase}/`)) return next()
    const site = context.req.header('sec-fetch-site')
    const origin = context.req.header('origin')
    const own = publicUrl?.origin ?? new URL(context.req.url).origin
    const isOwn = site === undefined ? origin === own : site === 'same-origin'
    if (isOwn) return next()
    throw new Refusal(403, 'This did not come from a page of the console.', 'Open the page again and repeat it there.')
  }
}
