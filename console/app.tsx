import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { streamSSE } from 'hono/streaming'
import { createApi } from './api/app.ts'
import { apiBase } from './api/base.ts'
import { problem } from './api/problem.ts'
import { assets } from './assets.ts'
import type { ConsoleEnv, Ground } from './environment.ts'
import { Heartbeat } from './live.ts'
import { accountPages } from './pages/accounts.tsx'
import { analyticsPages } from './pages/analytics.tsx'
import { configurationPage } from './pages/configuration.tsx'
import { ErrorPage } from './pages/error.tsx'
import { incidentPages } from './pages/incident.tsx'
import { incidentListPages } from './pages/incidents.tsx'
import { loginPages } from './pages/login.tsx'
import { nowPage } from './pages/now.tsx'
import { oidcPages } from './pages/oidc.tsx'
import { sourcePages } from './pages/sources.tsx'
import { tokenPages } from './pages/tokens.tsx'
import { notFound, Refusal, refusalOf } from './refusal.ts'
import { safeHeaders } from './security/headers.ts'
import { sameOrigin } from './security/same-origin.ts'
import { requireLogin } from './security/session.ts'

/** A form holds little; what a page sends is never longer than this. */
const longestForm = 64 * 1024

/** The console: pages for people, served from the store. */
export function createConsole(ground: Ground): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const heartbeats = new Map([...ground.stores].map(([tenant, store]) => [tenant, new Heartbeat(store)]))

  app.use(safeHeaders(ground))
  app.use(async (context, next) => (context.req.path === '/live' ? next() : squeeze(context, next)))
  app.use(
    bodyLimit({
      maxSize: longestForm,
      onError: () => {
        throw new Refusal(413, 'This is longer than any form.', 'Shorten it.')
      },
    }),
  )
  app.use(sameOrigin(ground))
  app.get('/health', (context) => context.text('ok'))
  app.route('/assets', assets)
  app.route(apiBase, createApi(ground))
  app.route('/', loginPages(ground))
  app.route('/', oidcPages(ground))
  app.use(requireLogin(ground))

  app.get('/live', (context) =>
    streamSSE(context, async (stream) => {
      const end = heartbeats.get(context.get('store').tenant)?.listen(() => {
        void stream.writeSSE({ event: 'changed', data: '' })
      })
      stream.onAbort(() => end?.())
      try {
        await stream.writeSSE({ event: 'hello', data: '', retry: 2000 })
        while (!stream.aborted && !stream.closed) {
          // So that a connection that nobody holds any more is noticed; after some of them the browser asks anew, and
          // shows by its cookie that it still may.
          await stream.sleep(20_000)
          await stream.write(': still here\n\n')
        }
      } finally {
        end?.()
      }
    }),
  )
  app.route('/', nowPage())
  app.route('/', incidentListPages())
  app.route('/incidents', incidentPages(ground))
  app.route('/sources', sourcePages(ground))
  app.route('/analytics', analyticsPages(ground))
  app.route('/configuration', configurationPage(ground))
  app.route('/accounts', accountPages(ground))
  app.route('/tokens', tokenPages())
  app.notFound(() => {
    throw notFound()
  })
  app.onError((thrown, context) => {
    const refusal = refusalOf(thrown, `${context.req.method} ${context.req.routePath}`)
    if (context.req.path.startsWith(`${apiBase}/`)) return problem(context, refusal)
    const { status, message, hint } = refusal
    return context.html(<ErrorPage status={status} message={message} hint={hint} />, status)
  })
  return app
}

const squeeze = compress()
