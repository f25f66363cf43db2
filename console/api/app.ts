import { Hono } from 'hono'
import { z } from 'zod'
import { includesRole } from '../../scripts/domain/account.ts'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { appendAudit } from '../../scripts/store/audit.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { notFound, Refusal, refusalOf } from '../refusal.ts'
import { BearerGate } from '../security/bearer.ts'
import { openApiDocument } from './document.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { problem } from './problem.ts'

/** The API: each operation of the table at its path, for whoever shows a token. */
export function createApi(ground: Ground): Hono<ConsoleEnv> {
  const api = new Hono<ConsoleEnv>()
  const gate = new BearerGate(ground)
  let document: string | undefined

  api.use(async (context, next) => {
    const { person, token, store } = await gate.admit(context)
    context.set('store', store)
    context.set('person', person)
    context.set('token', token)
    return next()
  })
  api.get('/openapi.json', (context) => {
    document ??= JSON.stringify(openApiDocument())
    return context.body(document, 200, { 'content-type': 'application/json' })
  })
  for (const one of operations) {
    const path = one.path.replaceAll(/\{(\w+)\}/g, ':$1')
    api.on(one.method, path, (context) => answer(context, one, ground))
  }
  api.all('*', () => {
    throw notFound('This part of the API')
  })
  api.onError((thrown, context) =>
    problem(context, refusalOf(thrown, `${context.req.method} ${context.req.routePath}`)),
  )
  return api
}

async function answer(context: ConsoleContext, one: Operation, { settings, publicUrl }: Ground): Promise<Response> {
  const [person, store] = [context.get('person'), context.get('store')]
  if (!includesRole(person.role, one.role)) {
    const { role } = person
    throw new Refusal(403, `This needs the role ${one.role}; this token’s is ${role}.`, 'Make a token of that scope.')
  }
  const parts = { path: context.req.param(), query: single(context.req.queries()), body: await bodyOf(context, one) }
  if (one.method !== 'get') {
    // Who did it is in the change's own line of the audit log; this one says by which token.
    const detail = { operation: one.id, path: context.req.param() }
    await appendAudit(store, {
      actor: person.name,
      what: 'used a token',
      subject: context.get('token') ?? null,
      detail,
    })
  }
  const url = publicUrl?.origin ?? new URL(context.req.url).origin
  return context.json(await one.run({ store, settings: settings(store.tenant), person, url }, parts))
}

/** A parameter that is given twice is a list, which no operation takes: refused rather than half heard. */
function single(queries: Record<string, string[]>): Record<string, string | string[] | undefined> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, [first, ...more]]) => [name, more.length > 0 ? [first ?? '', ...more] : first]),
  )
}

const Body = z.looseObject({})

async function bodyOf(context: ConsoleContext, { takes }: Operation): Promise<unknown> {
  if (takes.body === null) return {}
  const text = await context.req.text()
  const body = Body.safeParse(text.trim() === '' ? {} : tryParseJson(text))
  if (body.success) return body.data
  throw new Refusal(400, 'The body is no JSON object.', 'Send one, as /api/v1/openapi.json describes it.')
}
