import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCsv } from './csv.ts'

describe('CSV', () => {
  it('reads quotes, line breaks and commas inside fields, and any line end', () => {
    const text = '\uFEFFid,title,urgency\r\n1,"Loads, all of them\nfail ""hard""",high\n2,,\n'
    expect(parseCsv(text)).toEqual([
      { id: '1', title: 'Loads, all of them\nfail "hard"', urgency: 'high' },
      { id: '2', title: '', urgency: '' },
    ])
  })

  it('fills rows that are too short and leaves out empty lines', () => {
    expect(parseCsv('a,b\n\n1\n1,')).toEqual([
      { a: '1', b: '' },
      { a: '1', b: '' },
    ])
  })

  it.each(['a\n"never closed', 'a\n"closed" and on', 'a'.concat(',b'.repeat(1001))])('refuses what is none', (text) => {
    expect(() => parseCsv(text)).toThrow(expect.objectContaining({ code: 'E_PAYLOAD_UNREADABLE' }))
  })

  it('gives back what was written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ü') })
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field)), (rows) => {
        const text = ['x,y', ...rows.map((row) => row.map(quoted).join(','))].join('\n')
        // A row of nothing but one empty field is an empty line; two fields are a row.
        expect(parseCsv(text)).toEqual(rows.map(([x, y]) => ({ x, y })))
      }),
    )
  })
})
