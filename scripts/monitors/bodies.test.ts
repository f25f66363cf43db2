import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { hasShape } from './bodies.ts'

const schemas: [string, z.ZodType][] = [
  ['an object', z.object({ id: z.string(), state: z.enum(['on', 'off']), more: z.unknown().optional() })],
  ['nested objects', z.object({ event: z.object({ kind: z.literal('alert'), name: z.string().nullish() }) })],
  ['a union', z.union([z.object({ a: z.string() }), z.object({ b: z.number(), c: z.string().optional() })])],
  [
    'a discriminated union',
    z.discriminatedUnion('t', [z.object({ t: z.literal('x'), v: z.string() }), z.object({ t: z.literal('y') })]),
  ],
  ['a list in an object', z.looseObject({ alerts: z.array(z.object({ status: z.string() })).min(1) })],
]

/** Values near the schemas: their keys, their words, and others. */
const near = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('on', 'off', 'alert', 'x', 'y', '', null, 1, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom('id', 'state', 'more', 'event', 'kind', 'name', 'a', 'b', 'c', 't', 'v', 'alerts', 'status'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value

describe('hasShape', () => {
  it.each(schemas)('says of any value, or of each in a list, what the schema says: %s', (_name, schema) => {
    fc.assert(
      fc.property(near, (value) => {
        const all = Array.isArray(value) ? value : [value]
        const expected = all.length > 0 && all.every((one) => schema.safeParse(one).success)
        expect(hasShape(schema, value)).toBe(expected)
      }),
      { numRuns: 1_000 },
    )
  })
})
