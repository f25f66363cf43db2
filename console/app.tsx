import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { streamSSE } from 'hono/streaming'
import { toAppError } from '../scripts/lib/errors.ts'
import { assets } from './assets.ts'
import type { ConsoleEnv, Ground } from './environment.ts'
import { Heartbeat } from './live.ts'
import { log } from './log.ts'
import { accountPages } from './pages/accounts.tsx'
import { analyticsPages } from './pages/analytics.tsx'
import { configurationPage } from './pages/configuration.tsx'
import { ErrorPage } from './pages/error.tsx'
import { incidentPages } from './pages/incident.tsx'
import { incidentListPages } from './pages/incidents.tsx'
import { loginPages } from './pages/login.tsx'
import { nowPage } from './pages/now.tsx'
import { sourcePages } from './pages/sources.tsx'
import { notFound, Refusal } from './refusal.ts'
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
  app.route('/', loginPages(ground))
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
  app.route('/analytics', analyticsPages())
  app.route('/configuration', configurationPage(ground))
  app.route('/accounts', accountPages(ground))
  app.notFound(() => {
    throw notFound()
  })
  app.onError((thrown, context) => {
    if (thrown instanceof Refusal) {
      return context.html(
        <ErrorPage status={thrown.status} message={thrown.message} hint={thrown.hint} />,
        thrown.status,
      )
    }
    const error = toAppError(thrown)
    if (error.code === 'E_INCIDENT_UNKNOWN') {
      return context.html(<ErrorPage status={404} message={error.message} hint={error.hint} />, 404)
    }
    if (error.code === 'E_APPROVAL_REFUSED') {
      return context.html(<ErrorPage status={409} message={error.message} hint={error.hint} />, 409)
    }
    if (error.retryable) {
      return context.html(<ErrorPage status={503} message={error.message} hint={error.hint} />, 503)
    }
    log(
      `${context.req.method} ${context.req.routePath}: ${error.code}: ${error.message} ${error.cause instanceof Error ? (error.cause.stack ?? '') : ''}`,
    )
    return context.html(
      <ErrorPage status={500} message="The console could not make this page." hint="Its log says why." />,
      500,
    )
  })
  return app
}

const squeeze = compress()
