import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from './errors.ts'
import { parseJson, safeStringify, tryParseJson } from './json.ts'

const refusal = (text: string): AppError => {
  try {
    parseJson(text)
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown
    throw thrown
  }
  throw new Error('was not refused')
}

describe('parseJson', () => {
  it('keeps every digit of integers that a double cannot hold', () => {
    const text =
      '{"id": 12345678901234567890, "below": -9007199254740993, "small": 9007199254740991, "list": [18446744073709551615]}'
    expect(parseJson(text)).toEqual({
      id: '12345678901234567890',
      below: '-9007199254740993',
      small: 9007199254740991,
      list: ['18446744073709551615'],
    })
  })

  it('keeps numbers beyond a double as written, and leaves fractions alone', () => {
    expect(parseJson('[1e400, -1E+999, 0.12345678901234568, 1e21]')).toEqual([
      '1e400',
      '-1E+999',
      0.12345678901234568,
      1e21,
    ])
  })

  it('drops __proto__ keys, however they are spelt', () => {
    const value = parseJson('{"__proto__": {"admin": true}, "a": {"\\u005f_proto__": {"admin": true}, "b": 1}}')
    expect(value).toEqual({ a: { b: 1 } })
    expect(JSON.stringify(value)).toBe('{"a":{"b":1}}')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('skips a byte order mark', () => {
    expect(parseJson('\uFEFF{"a": 1}')).toEqual({ a: 1 })
  })

  it('refuses what is too deep before anything can run out of stack', () => {
    for (const open of ['[', '{"a":']) {
      expect(refusal(open.repeat(10_000)).message).toContain('nested')
    }
    expect(parseJson(`${'['.repeat(200)}${']'.repeat(200)}`)).toBeInstanceOf(Array)
    expect(refusal(`${'['.repeat(201)}${']'.repeat(201)}`).code).toBe('E_PAYLOAD_UNREADABLE')
  })

  it('does not count brackets inside strings', () => {
    const brackets = '["\\'.concat('[{'.repeat(500))
    expect(parseJson(JSON.stringify(brackets))).toBe(brackets)
  })

  it.each(['', '   ', '\uFEFF'])('says of %j that it is empty', (text) => {
    expect(refusal(text).message).toBe('The body is empty.')
  })

  it('never quotes the body in its error', () => {
    const error = refusal('{"password": hunter2}')
    expect(error.code).toBe('E_PAYLOAD_UNREADABLE')
    expect(refusal('{"password": "hunter2", }').message).toBe('The body is not JSON (at position 24).')
    expect(`${error.message}${error.hint}${error.stack}${String(error.cause)}`).not.toContain('hunter2')
  })

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('__proto__') && !/\d{16}/.test(text))
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('answers any text with a value or an AppError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseJson(text)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
        }
      }),
    )
  })
})

describe('tryParseJson', () => {
  it('is undefined for what is not JSON', () => {
    expect(tryParseJson('Threshold crossed')).toBeUndefined()
    expect(tryParseJson('{"a": 1}')).toEqual({ a: 1 })
  })
})

describe('safeStringify', () => {
  it('writes cycles, big integers, errors and functions', () => {
    const value: Record<string, unknown> = { big: 1n, error: new Error('lost'), call: () => 1, twice: [{ a: 1 }] }
    value.self = value
    expect(safeStringify(value)).toBe(
      '{"big":"1","error":{"name":"Error","message":"lost"},"twice":[{"a":1}],"self":"[circular]"}',
    )
  })

  it('writes the same object twice when it is no cycle', () => {
    const shared = { a: 1 }
    expect(safeStringify({ first: shared, second: [shared] })).toBe('{"first":{"a":1},"second":[{"a":1}]}')
  })

  it('survives a hostile toJSON, a getter that throws, and 100,000 levels', () => {
    const fault = () => {
      throw new Error('no')
    }
    expect(safeStringify({ toJSON: fault })).toBe('"[unreadable]"')
    expect(safeStringify(Object.defineProperty({}, 'a', { enumerable: true, get: fault }))).toBe('"[unreadable]"')
    let deep: unknown = 0
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    expect(safeStringify(deep)).toContain('[too deep]')
    expect(safeStringify(undefined)).toBe('null')
  })

  it('never throws, and always writes JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          expect(() => JSON.parse(safeStringify(value))).not.toThrow()
        },
      ),
    )
  })
})
