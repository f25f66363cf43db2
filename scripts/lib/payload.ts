import type { z } from 'zod'
import { AppError } from './errors.ts'

/**
 * The body as a monitor's schema reads it. `what` names what was expected, for people: `Airbyte notification`.
 * @throws AppError E_PAYLOAD_UNREADABLE
 */
export function readPayload<Schema extends z.ZodType>(schema: Schema, body: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new AppError('E_PAYLOAD_UNREADABLE', `The body is no ${what}.`, 'Send the body as the vendor documents it.')
}
