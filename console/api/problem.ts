import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import type { ConsoleContext } from '../environment.ts'
import type { Refusal } from '../refusal.ts'

/** RFC 9457: what went wrong, and what to do. */
export const Problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    hint: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })

export const problemType = 'application/problem+json'

/** A refusal as the API tells it. */
export function problem(context: ConsoleContext, { status, message, hint, faults }: Refusal): Response {
  const body: z.infer<typeof Problem> = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    hint,
    ...(faults.length > 0 ? { errors: [...faults] } : {}),
  }
  return context.body(JSON.stringify(body), status, { 'content-type': problemType })
}
