import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'

/** What the driver throws: Snowflake's own code, or the driver's. Its text is not shown: it may quote what was asked. */
const Fault = z.looseObject({ code: z.union([z.string(), z.number()]).transform(String) })

type Make = (code: string) => AppError

/** https://docs.snowflake.com/en/developer-guide/node-js/nodejs-driver-consume and the codes of its log-in. */
const faults: readonly (readonly [RegExp, Make])[] = [
  [
    /^390(?:114|318|303|195|111|112|104)$/,
    (code) => new AppError('E_ACCESS_DENIED', `Its token has expired or is not valid (${code}).`, 'Get a new one.'),
  ],
  [
    /^390(?:186|189|201)$/,
    (code) =>
      new AppError(
        'E_ACCESS_DENIED',
        `Its user may not use that role, warehouse or database (${code}).`,
        'Grant it, or name another.',
      ),
  ],
  [
    /^390(?:420|422|432)$/,
    (code) =>
      new AppError('E_ACCESS_DENIED', `Its network policy does not let us in (${code}).`, 'Allow this address there.'),
  ],
  [
    /^39(?:0|4)\d{3}$/,
    (code) =>
      new AppError(
        'E_ACCESS_DENIED',
        `It refused the log-in (${code}).`,
        'Check user, key, password or token, and role.',
      ),
  ],
  [
    /^(?:002003|002043|003001|003030|002037)$/,
    (code) =>
      new AppError(
        'E_ACCESS_DENIED',
        `Its role may not see that, or it is not there (${code}).`,
        'Grant the role what SETUP.md lists.',
      ),
  ],
  [/^(?:000606|090105|090106)$/, nothingToAskWith],
  [
    /^090073$/,
    (code) =>
      new AppError(
        'E_WAREHOUSE_ASLEEP',
        `Its warehouse has no credits left, says a resource monitor (${code}).`,
        'Raise the quota, or give the role another warehouse.',
      ),
  ],
  [
    /^(?:000604|000630)$/,
    (code) =>
      new AppError('E_HTTP_TIMEOUT', `It did not answer in time (${code}).`, 'Check how busy its warehouse is.'),
  ],
  [
    /^40(?:1001|7002|5\d{3})$/,
    (code) => new AppError('E_HTTP_ANSWER', `Its answer can not be read (${code}).`, 'Check what is in between.'),
  ],
  [
    /^\d{6}$/,
    (code) => new AppError('E_HTTP_ANSWER', `It refused a question (${code}).`, 'Please report it with the code.'),
  ],
]

/** Whatever was thrown while a session was open. */
export function asFault(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof z.ZodError) return unknownShape()
  const parsed = Fault.safeParse(thrown)
  const code = parsed.success ? parsed.data.code : ''
  const make = faults.find(([shape]) => shape.test(code))?.[1]
  return make ? make(code) : unknownShape()
}

function nothingToAskWith(code: string): AppError {
  return new AppError(
    'E_ACCESS_DENIED',
    `Its role has no warehouse or database to ask with (${code}).`,
    'Grant the role USAGE ON WAREHOUSE and USAGE ON DATABASE, and name them.',
  )
}

function unknownShape(): AppError {
  return new AppError('E_HTTP_ANSWER', 'Its answer has a shape that is not known.', 'Check what is in between.')
}
