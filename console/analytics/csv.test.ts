import { expect, test } from 'vitest'
import { asCsv } from './csv.ts'

test.each([
  ['a, "b"', '"a, ""b"""'],
  ['two\nlines', '"two\nlines"'],
  ['=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['-1+1', "'-1+1"],
  [-1.5, '-1.5'],
])('%j', (value, expected) => {
  expect(asCsv([[value, 'x']])).toBe(`${expected},x\r\n`)
})
