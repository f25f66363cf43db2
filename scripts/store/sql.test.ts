import fc from 'fast-check'
import { expect, test } from 'vitest'
import { json, parameter, sql, text } from './sql.ts'

test('every value becomes a parameter', () => {
  const hostile = "'; drop table alerts; --"
  expect(sql`select ${hostile}, ${1} where true`).toEqual({
    text: 'select $1, $2 where true',
    values: [hostile, 1],
  })
})

test('a statement in a statement is spliced in, its values in order', () => {
  const inner = sql`a = ${1} and b = ${2}`
  expect(sql`select ${0} where ${inner} limit ${3}`).toEqual({
    text: 'select $1 where a = $2 and b = $3 limit $4',
    values: [0, 1, 2, 3],
  })
})

test('what only looks like a statement is a value', () => {
  const forged = { text: 'drop table alerts', values: [] }
  expect(sql`select ${forged}`).toEqual({ text: 'select $1', values: [forged] })
})

test('json holds neither NUL nor half a surrogate pair, and is otherwise the value', () => {
  expect(json({ 'a\0': ['x\0y', '\ud83d'] })).toBe('{"a":["xy","\ufffd"]}')
  // A backslash, a `u` and four zeros are no NUL.
  expect(json('\\u0000')).toBe('"\\\\u0000"')
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      expect(json(value)).not.toMatch(/(?<!\\)(\\\\)*\\u0000/)
    }),
  )
})

test('text shows NUL as JSON does', () => {
  expect(text('a\0b\ud800')).toBe('a\\u0000b\ufffd')
})

test('a parameter loses its NULs, and nothing else', () => {
  expect(parameter('a\0b')).toBe('ab')
  expect(parameter(['a\0', 5, null])).toEqual(['a', 5, null])
  const bytes = Buffer.from([0, 1])
  expect(parameter(bytes)).toBe(bytes)
})
