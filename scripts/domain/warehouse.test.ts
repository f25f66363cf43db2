import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fullName, lastAltered, type TableState, tableChanges, tableName } from './warehouse.ts'

const orders: TableState = { name: 'd.raw.orders', columns: {}, rows: 1, lastAltered: null, stamp: 'a' }
const now = new Date('2026-11-20T08:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)

describe('a table’s name', () => {
  test.each([
    ['Orders', { database: null, schema: null, table: 'Orders' }],
    ['raw.orders', { database: null, schema: 'raw', table: 'orders' }],
    [' d.raw.orders ', { database: 'd', schema: 'raw', table: 'orders' }],
    ['"a.b"."say ""hi"""', { database: null, schema: 'a.b', table: 'say "hi"' }],
    ['`raw`.orders', { database: null, schema: 'raw', table: 'orders' }],
    ["x'; drop table y; --", { database: null, schema: null, table: "x'; drop table y; --" }],
    ['a.b.c.d', null],
    ['', null],
    ['a..b', null],
    ['"open', null],
    ['raw.', null],
    ['a\0b', null],
    ['x'.repeat(300), null],
  ])('%j', (text, expected) => {
    expect(tableName(text)).toEqual(expected)
  })

  test('written out, it reads the same again', () => {
    const part = fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => !text.includes('\0') && !text.includes('`'))
    fc.assert(
      fc.property(part, part, part, (database, schema, table) => {
        expect(tableName(fullName([database, schema, table]))).toEqual({ database, schema, table })
      }),
    )
  })

  test('never fails, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void tableName(text)))
  })
})

test('columns that came, went and changed; a column called `constructor` is one of them', () => {
  const before = { ...orders, columns: { id: 'integer', amount: 'numeric', note: 'text' } }
  const after = { ...orders, columns: { id: 'bigint', note: 'text', constructor: 'text' } }
  expect(tableChanges(before, after)).toEqual([
    { what: 'column', change: 'type_changed', column: 'id', before: 'integer', after: 'bigint' },
    { what: 'column', change: 'dropped', column: 'amount', before: 'numeric', after: null },
    { what: 'column', change: 'added', column: 'constructor', before: null, after: 'text' },
  ])
  expect(tableChanges(before, before)).toEqual([])
  expect(tableChanges(before, null)).toEqual([{ what: 'dropped' }])
})

describe('when it was last written to', () => {
  const at = (state: TableState, minutes: number) => ({ state, seenAt: ago(minutes) })
  test('is what the warehouse says, where it says so', () => {
    expect(lastAltered({ ...orders, lastAltered: ago(3) }, at(orders, 5), now)).toEqual(ago(3))
  })
  test('is now, when it differs from a look just before', () => {
    expect(lastAltered({ ...orders, stamp: 'b' }, at(orders, 5), now)).toEqual(now)
  })
  test('stays, when nothing differs', () => {
    expect(lastAltered(orders, at({ ...orders, lastAltered: ago(900) }, 5), now)).toEqual(ago(900))
  })
  test('is not known at the first look, nor between two that are far apart', () => {
    expect(lastAltered(orders, null, now)).toBeNull()
    expect(lastAltered({ ...orders, stamp: 'b' }, at(orders, 60), now)).toBeNull()
  })
})
