import { describe, expect, it } from 'vitest'
import { Alert } from '../alert.ts'
import { assetOf } from './asset.ts'
import { type AlertDraft, buildAlert, checkFromTitle, readUrl } from './build-alert.ts'

const draft: AlertDraft = {
  source: 'generic',
  check: 'c',
  status: 'firing',
  title: 'Load failed',
  severity: null,
  category: 'unknown',
  asset: null,
}
const receivedAt = '2026-11-20T08:00:00.000Z'

describe('buildAlert', () => {
  it('always gives a valid alert, however much it is given', () => {
    const alert = buildAlert(
      {
        ...draft,
        title: '\u200B'.repeat(5000),
        description: 'x\u0000'.repeat(50_000),
        external_id: 'x'.repeat(5000),
        environment: ' PROD\n',
        started_at: 'soon',
        url: 'javascript:alert(1)',
        labels: {
          a: 'x'.repeat(5000),
          b: null,
          ['k'.repeat(500)]: 1,
          c: { d: 1 },
          ...Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`l${n}`, n])),
        },
        facts: Array.from({ length: 30 }, () => ({ kind: 'metric' as const, summary: 's', data: {} })),
      },
      receivedAt,
    )
    expect(Alert.parse(alert)).toEqual(alert)
    expect(alert).toMatchObject({ severity: 'MEDIUM', environment: 'prod', started_at: null, url: null })
    expect(alert.title).toMatch(/^xxx/)
    expect(Object.keys(alert.labels)).toHaveLength(64)
  })

  it('makes check, asset and environment the identity, and nothing else', () => {
    const print = (change: Partial<AlertDraft>) =>
      buildAlert({ ...draft, asset: assetOf('table', 'a.b'), ...change }, receivedAt).fingerprint
    const same = print({})
    expect(
      print({
        status: 'resolved',
        severity: 'LOW',
        title: 'other',
        external_id: '9',
        started_at: 1795160400,
        labels: { a: 1 },
      }),
    ).toBe(same)
    const others = [
      print({ check: 'd' }),
      print({ asset: assetOf('table', 'a.c') }),
      print({ environment: 'staging' }),
      print({ source: 'plain' }),
    ]
    expect(new Set([same, ...others]).size).toBe(5)
    expect(print({ identity: 'check', asset: null })).toBe(print({ identity: 'check' }))
  })
})

it('leaves out of a title whom a message in a chat calls', () => {
  const title = (text: string) => buildAlert({ ...draft, title: text }, receivedAt).title
  expect(title('<!channel> <@U0123ABC|ann> Load of orders failed')).toBe('Load of orders failed')
  expect(title('rows < 5 <@here> and <b>bold</b>')).toBe('rows < 5 <@here> and <b>bold</b>')
})

describe('readUrl', () => {
  it('takes http and https only', () => {
    expect(readUrl(' https://x.example/a?b=1 ')).toBe('https://x.example/a?b=1')
    expect(
      [
        'javascript:alert(1)',
        'ftp://x',
        '//x',
        'https://',
        'http://a b',
        `https://x.example/${'a'.repeat(3000)}`,
        5,
        null,
      ].map(readUrl),
    ).toEqual(Array(8).fill(null))
  })
})

describe('checkFromTitle', () => {
  it('is the same for the same condition with other values or another state', () => {
    const checks = [
      'Memory at 85 % on worker-3',
      '[RESOLVED] Memory at 91.5% on worker-3',
      '[FIRING:1] memory at 7% on worker-3',
    ].map(checkFromTitle)
    expect(new Set(checks)).toEqual(new Set(['memory at # on worker-3']))
    expect(checkFromTitle('orders_elt ➛ FAILED')).toBe(checkFromTitle('orders_elt ➛ SUCCESS'))
    expect(checkFromTitle('Job nightly_export failed')).toBe(checkFromTitle('Job nightly_export has recovered'))
    expect(checkFromTitle('api.example.com is down again')).toBe(checkFromTitle('api.example.com is up'))
  })

  it('differs for another thing', () => {
    expect(checkFromTitle('Memory on worker-3')).not.toBe(checkFromTitle('Memory on worker-4'))
    expect(checkFromTitle('Job load_up failed')).not.toBe(checkFromTitle('Job load failed'))
    expect(checkFromTitle('Job load failed')).not.toBe(checkFromTitle('Job load is late'))
    expect(checkFromTitle('DOWN')).toBe('down')
    expect(checkFromTitle('column c1 is null')).not.toBe(checkFromTitle('column c2 is null'))
  })
})
