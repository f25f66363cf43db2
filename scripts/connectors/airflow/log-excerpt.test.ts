import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogLine } from './answers.ts'
import { logExcerpt } from './log-excerpt.ts'

const line = (event: string, rest: Partial<LogLine> = {}): LogLine => ({
  event,
  level: 'info',
  error_detail: undefined,
  ...rest,
})
const ticks = (count: number) => Array.from({ length: count }, (_, index) => line(`tick ${index}`))
const asIs = (text: string) => text

test('keeps trouble and the end, in order, and marks what is left out', () => {
  const log = [
    ...ticks(40),
    line('Task failed with exception', {
      level: 'error',
      error_detail: [{ exc_type: 'ValueError', exc_value: "column 'amount' does not exist" }],
    }),
    ...ticks(40),
  ]
  const lines = logExcerpt(log, asIs).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    '…',
    "ERROR Task failed with exception | ValueError: column 'amount' does not exist",
    '…',
  ])
  expect(lines.at(-1)).toBe('tick 39')
  expect(lines).toHaveLength(15)
})

test('leaves out what Airflow writes around a log', () => {
  const log = [
    line('::group::Log message source details'),
    line('/logs/dag_id=a/run_id=b/task_id=c/attempt=1.log'),
    line('Could not read served logs: connection refused'),
    line('::endgroup::'),
    line('loading'),
  ]
  expect(logExcerpt(log, asIs)).toBe('loading')
  expect(logExcerpt([], asIs)).toBe('')
})

test('a storm of errors does not push out the end', () => {
  const log = [...Array.from({ length: 5000 }, (_, index) => line(`error ${index} ${'x'.repeat(200)}`)), line('exit 1')]
  const excerpt = logExcerpt(log, asIs)
  expect(excerpt).toContain('error 4999')
  expect(excerpt.endsWith('exit 1')).toBe(true)
})

test('redacts before it cuts, and over line ends', () => {
  const long = line(`error ${'x'.repeat(590)}swordfish`)
  expect(logExcerpt([long], (text) => text.replaceAll('swordfish', '[redacted]'))).not.toContain('sword')
  const key = [line('BEGIN KEY'), line('abc'), line('END KEY')]
  expect(logExcerpt(key, (text) => text.replace(/BEGIN KEY[\s\S]*END KEY/, '[redacted]'))).toBe('[redacted]')
})

test('is never longer than 4,000 characters', () => {
  const logs = fc.array(
    fc.string({ maxLength: 2000, unit: 'grapheme' }).map((text) => line(text)),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(logs, (log) => {
      expect(logExcerpt(log, asIs).length).toBeLessThanOrEqual(4000)
    }),
  )
})
