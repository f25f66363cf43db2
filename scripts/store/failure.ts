import { z } from 'zod'
import { AppError, toAppError } from '../lib/errors.ts'

/** What PostgreSQL and the network say about a fault. The message is left out: it may quote a row. */
const Fault = z.looseObject({
  code: z.string().optional(),
  message: z.string().default(''),
  table: z.string().optional(),
  constraint: z.string().optional(),
})

/** SQLSTATE classes and codes under which the same call may succeed later: it is the server's state, not the call. */
const away = /^(08|53|57P|58|57014|55P03|25P03|ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|EPIPE)/
const awayWithoutCode = /timeout|Connection terminated|Client has encountered a connection error|Cannot use a pool/i
/** No such table, column, schema, function or policy setting. */
const oldSchema = /^(42P01|42703|3F000|42883)$/
const refused = /^(28|3D000)/

/** Any fault of the store as an AppError; one that `work` threw itself stays what it is. */
export function asStoreError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof z.ZodError) {
    return new AppError(
      'E_UNEXPECTED',
      `The store answered in another shape: ${z.prettifyError(thrown)}`,
      'Run migrate.',
      {
        cause: thrown,
      },
    )
  }
  const parsed = Fault.safeParse(thrown instanceof AggregateError ? thrown.errors[0] : thrown)
  const { code = '', message, table, constraint } = parsed.success ? parsed.data : { message: '' }
  if (away.test(code) || (code === '' && awayWithoutCode.test(message))) {
    return new AppError(
      'E_STORE_UNAVAILABLE',
      `The store can’t be reached (${code || 'timeout'}).`,
      'Start PostgreSQL, or check DATABASE_URL. It is tried again.',
      { cause: thrown },
    )
  }
  if (oldSchema.test(code)) {
    return new AppError(
      'E_STORE_NOT_MIGRATED',
      `The store’s schema is not this release’s (${code}).`,
      'Run: npm run migrate',
      {
        cause: thrown,
      },
    )
  }
  if (refused.test(code)) {
    return new AppError(
      'E_SETTING_INVALID',
      `The store refused the log-in (${code}).`,
      'Check role, password and database in DATABASE_URL.',
      { cause: thrown },
    )
  }
  if (code === '') return toAppError(thrown)
  const place = [table, constraint].filter(Boolean).join(', ')
  return new AppError(
    'E_UNEXPECTED',
    `The store refused a statement (${code}${place && `: ${place}`}).`,
    'This is a fault of the product: please report it with the log.',
    { cause: thrown },
  )
}

/** Two transactions stood in each other's way, and this one was chosen to yield: the next attempt finds room. */
export function isWorthRepeating(failure: unknown): boolean {
  const cause = failure instanceof Error ? failure.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === '40001' || code === '40P01'
}
