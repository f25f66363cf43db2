import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileStrings } from '../../../tests/support/example-incidents.ts'
import { escapeMrkdwn, escapePlain, link, quote } from './mrkdwn.ts'

const marks = fc.constantFrom(
  '<',
  '>',
  '&',
  '*',
  '_',
  '~',
  '`',
  '@here',
  ':fire:',
  '\n',
  '!channel',
  '|',
  ' ',
  'a',
  '1',
)
const hostile = fc.oneof(
  fc.constantFrom(...hostileStrings),
  fc.string({ unit: 'binary' }),
  fc.array(marks).map((parts) => parts.join('')),
)

describe('text as mrkdwn', () => {
  test.for([
    ['daily_elt_pipeline.load_orders', 'daily_elt_pipeline.load_orders'],
    ['prod.analytics.customer_events', 'prod.analytics.customer_events'],
    ['a < b && c > d', 'a &lt; b &amp;&amp; c &gt; d'],
    ['<!channel>', '&lt;!channel&gt;'],
    ['@here, look', '＠here, look'],
    ['on-call@example.com', 'on-call@example.com'],
    ['*bold* _it_ ~no~ `code`', "∗bold∗ ＿it＿ ∼no∼ 'code'"],
    ['12:30:45 UTC', '12:30:45 UTC'],
    [':fire:', '∶fire:'],
    ['> quoted', '› quoted'],
    ['&lt;', '&amp;lt;'],
  ] as const)('%j is shown by %j', ([text, sent]) => {
    expect(escapeMrkdwn(text, 1000)).toBe(sent)
  })

  test('whatever comes, nothing of it is markup, and it keeps its limit', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 400 }), (text, limit) => {
        const sent = escapeMrkdwn(text, limit)
        expect(sent.length).toBeLessThanOrEqual(limit)
        expect(sent).not.toMatch(/[<>`*~]/)
        expect(sent.replace(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
        expect(sent).not.toMatch(/(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_])/)
        expect(sent).not.toMatch(/@(?:here|channel|everyone)\b/i)
        expect(sent.isWellFormed()).toBe(true)
      }),
    )
  })

  test('a text that fits is not cut', () => {
    expect(escapeMrkdwn('x'.repeat(10), 10)).toBe('x'.repeat(10))
    expect(escapeMrkdwn('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`)
    expect(escapeMrkdwn('ab&', 7)).toBe('ab&amp;')
    expect(escapeMrkdwn('ab&', 6)).toBe('ab…')
  })

  test('a cut makes no mark out of what was none', () => {
    expect(escapeMrkdwn('x @hereby_said', 8)).toBe('x ＠here…')
    expect(escapeMrkdwn('table_name', 7)).toBe('table＿…')
  })

  test('every line of a quotation is quoted', () => {
    expect(quote(escapeMrkdwn('one\n\n*Owner*: me', 100))).toBe('> one\n> ∗Owner∗: me')
  })
})

test('plain text has one line and no angle brackets', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const sent = escapePlain(text, 150)
      expect(sent.length).toBeLessThanOrEqual(150)
      expect(sent).not.toMatch(/[<>\n]/)
    }),
  )
})

describe('a link', () => {
  test('leads to its address under an inert title', () => {
    expect(link('Run | *now*', 'https://airflow.example/dags?a=1&b=2')).toBe(
      '<https://airflow.example/dags?a=1&amp;b=2|Run ¦ ∗now∗>',
    )
  })

  test.for(['javascript:alert(1)', 'ftp://x/y', 'not a url', ''])('%s is no link', (address) => {
    expect(link('Runbook', address)).toBe('Runbook')
  })

  test('is not made of an address that is too long for it', () => {
    expect(link('Runbook', `https://x/${'a'.repeat(3000)}`)).toBe('Runbook')
  })

  test('can be neither closed nor renamed by what it is made from', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, path) => {
        const sent = link(title, `https://example.com/${path}`)
        if (sent.startsWith('<')) expect(sent).toMatch(/^<https:\/\/example\.com\/[^<>|\s]*\|[^<>|]*>$/)
        else expect(sent).not.toMatch(/[<>]/)
      }),
    )
  })
})
