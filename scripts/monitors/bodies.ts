import type { z } from 'zod'
import { AppError } from '../lib/errors.ts'

/** Whether the body has this shape, or is a list of nothing else: senders that batch put several into one delivery. */
export function hasShape(schema: z.ZodType, body: unknown): boolean {
  if (!Array.isArray(body)) return schema.safeParse(body).success
  return body.length > 0 && body.every((one) => schema.safeParse(one).success)
}

/** The body, or the bodies of a list. @throws AppError E_PAYLOAD_UNREADABLE when one has another shape. */
export function bodiesOf<T>(schema: z.ZodType<T>, body: unknown, shape: string, hint: string): T[] {
  return (Array.isArray(body) ? body : [body]).map((one: unknown) => {
    const parsed = schema.safeParse(one)
    if (parsed.success) return parsed.data
    throw new AppError('E_PAYLOAD_UNREADABLE', `The body is no ${shape}.`, hint)
  })
}
