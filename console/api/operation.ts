import { z } from 'zod'
import type { Role } from '../../scripts/domain/account.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import type { Store } from '../../scripts/store/connection.ts'
import type { Person } from '../../scripts/store/sessions.ts'
import { parsed } from '../refusal.ts'

/** Who asks, and of which tenant. */
export interface Caller {
  store: Store
  settings: Settings
  person: Person
  /** The console as people reach it, without a slash at its end. */
  url: string
}

/** A request's parts as they came. */
export interface Parts {
  path: unknown
  query: unknown
  body: unknown
}

/** One thing that the API does: what it takes and answers, and who may. Routes, document and tests are made from it. */
export interface Operation {
  /** `incidents.resolve`; the first part groups. */
  id: string
  method: 'get' | 'post'
  /** Below `/api/v1`, parameters in braces. */
  path: string
  summary: string
  role: Role
  takes: { path: z.ZodObject; query: z.ZodObject; body: z.ZodObject | null }
  answers: z.ZodType
  run(caller: Caller, parts: Parts): Promise<unknown>
}

const nothing = z.strictObject({})

interface Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject, A extends z.ZodType> {
  id: string
  method: 'get' | 'post'
  path: string
  summary: string
  role: Role
  parameters?: P
  query?: Q
  body?: B
  answers: A
  run(caller: Caller, asked: { path: z.output<P>; query: z.output<Q>; body: z.output<B> }): Promise<z.input<A>>
}

/** An operation whose parts are checked before it runs: what it does not know is refused too. */
export function operation<
  A extends z.ZodType,
  P extends z.ZodObject = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  B extends z.ZodObject = typeof nothing,
>({ parameters, query, body, run, ...definition }: Definition<P, Q, B, A>): Operation {
  const takes = { path: parameters ?? nothing, query: query?.strict() ?? nothing, body: body?.strict() ?? null }
  return {
    ...definition,
    takes,
    run: (caller, parts) =>
      run(caller, {
        path: parsed(takes.path, parts.path) as z.output<P>,
        query: parsed(takes.query, parts.query) as z.output<Q>,
        body: parsed(takes.body ?? nothing, parts.body ?? {}) as z.output<B>,
      }),
  }
}
