import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { type ErrorCode, toAppError } from '../scripts/lib/errors.ts'
import { log } from './log.ts'

/** What is wrong with one field of what was sent. */
export interface Fault {
  field: string
  message: string
}

/** A request that is not answered as it asked: the page says what and why. */
export class Refusal extends Error {
  readonly status: ContentfulStatusCode
  readonly hint: string
  readonly faults: readonly Fault[]

  constructor(status: ContentfulStatusCode, message: string, hint: string, faults: readonly Fault[] = []) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.hint = hint
    this.faults = faults
  }
}

/** Nothing is there; what belongs to another tenant answers the same. */
export function notFound(what = 'This page'): Refusal {
  return new Refusal(404, `${what} does not exist.`, 'Check the address, or start from Now.')
}

/** What was sent, as the schema takes it. @throws Refusal 400 with every fault */
export function parsed<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }))
  const [first] = faults
  throw new Refusal(
    400,
    `This is not complete: ${first?.field || 'it'}: ${first?.message}.`,
    'Correct it and send it again.',
    faults,
  )
}

const statuses: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  E_INCIDENT_UNKNOWN: 404,
  E_APPROVAL_REFUSED: 409,
}

/** Anything thrown as what the asker is told. What is nobody's fault but the console's is logged, and says nothing more. */
export function refusalOf(thrown: unknown, asked: string): Refusal {
  if (thrown instanceof Refusal) return thrown
  const error = toAppError(thrown)
  const status = statuses[error.code] ?? (error.retryable ? 503 : undefined)
  if (status) return new Refusal(status, error.message, error.hint)
  const stack = error.cause instanceof Error ? (error.cause.stack ?? '') : ''
  log(`${asked}: ${error.code}: ${error.message} ${stack}`)
  return new Refusal(500, 'The console could not make this page.', 'Its log says why.')
}
