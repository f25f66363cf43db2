import { z } from 'zod'
import { AppError } from '../lib/errors.ts'

/** Whether the body has this shape, or is a list of nothing else: senders that batch put several into one delivery. */
export function hasShape(schema: z.ZodType, body: unknown): boolean {
  const fits = (one: unknown) => parseFitting(schema, one) !== undefined
  return Array.isArray(body) ? body.length > 0 && body.every(fits) : fits(body)
}

/**
 * What the schema reads; undefined when it doesn't accept the value. Every monitor is asked about every body and nearly
 * all of them say no, so the no is made cheap: zod, which writes down all that it misses, is only asked when the
 * required keys are there. What was read is kept: a monitor that has recognised a body reads it next.
 */
export function parseFitting<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  let glance = glances.get(schema)
  if (glance === undefined) {
    glance = glanceOf(schema)
    glances.set(schema, glance)
  }
  if (!glance(value)) return undefined
  const isKept = typeof value === 'object' && value !== null
  const last = isKept ? lastReadings.get(value) : undefined
  if (isBy(schema, last)) return last.data
  const { data } = schema.safeParse(value)
  if (isKept && data !== undefined) lastReadings.set(value, { schema, data })
  return data
}

interface Reading<T = unknown> {
  schema: z.ZodType
  data: T
}

const lastReadings = new WeakMap<object, Reading>()

function isBy<T>(schema: z.ZodType<T>, reading: Reading | undefined): reading is Reading<T> {
  return reading?.schema === schema
}

/** True for all that a schema accepts, and for some that it doesn't. */
type Glance = (value: unknown) => boolean

const glances = new WeakMap<z.ZodType, Glance>()

function glanceOf(schema: unknown): Glance {
  if (schema instanceof z.ZodObject) {
    const required = Object.entries<z.ZodType>(schema.shape)
      .filter(([, part]) => !part.safeParse(undefined).success)
      .map(([key, part]) => [key, glanceOf(part)] as const)
    return (value) =>
      typeof value === 'object' &&
      value !== null &&
      required.every(([key, glance]) => {
        const inside: unknown = Reflect.get(value, key)
        return inside !== undefined && glance(inside)
      })
  }
  if (schema instanceof z.ZodArray) {
    const glance = glanceOf(schema.element)
    return (value) => Array.isArray(value) && value.every(glance)
  }
  if (schema instanceof z.ZodUnion) {
    const options = schema.options.map(glanceOf)
    return (value) => options.some((glance) => glance(value))
  }
  if (schema instanceof z.ZodLiteral || schema instanceof z.ZodEnum) {
    const allowed: ReadonlySet<unknown> = new Set(schema instanceof z.ZodEnum ? schema.options : schema.values)
    return (value) => allowed.has(value)
  }
  if (schema instanceof z.ZodString) return (value) => typeof value === 'string'
  if (schema instanceof z.ZodCustom) return (value) => Boolean(schema._zod.def.fn(value))
  return () => true
}

/** The body, or the bodies of a list. @throws AppError E_PAYLOAD_UNREADABLE when one has another shape. */
export function bodiesOf<T>(schema: z.ZodType<T>, body: unknown, shape: string, hint: string): T[] {
  return (Array.isArray(body) ? body : [body]).map((one: unknown) => {
    const read = parseFitting(schema, one)
    if (read !== undefined) return read
    throw new AppError('E_PAYLOAD_UNREADABLE', `The body is no ${shape}.`, hint)
  })
}
