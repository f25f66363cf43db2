import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSecretName, redact, redactDeep } from './redact.ts'

// Assembled here, so that no scanner takes this file for a leak.
const awsKey = ['AKIA', 'QWERTYUIOPASDFGH'].join('')
const jsonWebToken = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJqYW5lIn0', 'Zm9vYmFyYmF6'].join('.')
const slackToken = ['xoxb', '123456789012', 'abcdefghijkl'].join('-')
const slackUrl = ['https://hooks.slack.com', 'services', 'T000', 'B000', 'sesame'].join('/')
const googleKey = `${'AI'}za${'Sy'}${'x'.repeat(33)}`
const privateKey = ['-----BEGIN RSA PRIVATE', ' KEY-----\nMIIEow\nsesame\n-----END RSA PRIVATE', ' KEY-----'].join('')

describe('redact, by shape', () => {
  it.each([
    ['user and password in a URL', 'postgres://dim:sesame@db:5432/dim', 'postgres://[redacted]@db:5432/dim'],
    ['a password with a slash', 'postgres://dim:open/sesame@db/dim', 'postgres://[redacted]@db/dim'],
    ['a token as the user of a URL', 'https://sesame@github.com/x.git', 'https://[redacted]@github.com/x.git'],
    ['a bearer token', 'sent Bearer sesame-opens-it to', 'sent Bearer [redacted] to'],
    ['basic credentials', 'sent Basic amFuZTpzZXNhbWU= to', 'sent Basic [redacted] to'],
    ['a JSON web token', `got ${jsonWebToken}.`, 'got [redacted].'],
    ['an Amazon key', `key ${awsKey}, region`, 'key [redacted], region'],
    ['a Slack token', `as ${slackToken}`, 'as [redacted]'],
    ['a Slack webhook', `POST ${slackUrl} failed`, 'POST https://hooks.slack.com/[redacted] failed'],
    ['a Google key', `?q=1 ${googleKey}`, '?q=1 [redacted]'],
    ['a private key', `before ${privateKey} after`, 'before [redacted] after'],
    ['a private key that was cut', 'before -----BEGIN PRIVATE KEY-----\nsesame', 'before [redacted]'],
    [
      'a Kestra webhook',
      'https://k.example/api/v1/main/executions/webhook/incident_management/alert_ingestion/sesame?a=1',
      'https://k.example/api/v1/main/executions/webhook/incident_management/alert_ingestion/[redacted]?a=1',
    ],
  ])('hides %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected)
  })
})

describe('redact, by name', () => {
  it.each([
    ['password=sesame rest', 'password=[redacted] rest'],
    ['AIRFLOW_PASSWORD: sesame', 'AIRFLOW_PASSWORD: [redacted]'],
    ['ALERT_WEBHOOK_KEY_PREVIOUS=sesame', 'ALERT_WEBHOOK_KEY_PREVIOUS=[redacted]'],
    ['aws_secret_access_key = se/sa+me', 'aws_secret_access_key = [redacted]'],
    ['{"password":"open \\"sesame\\"","port":1}', '{"password":"[redacted]","port":1}'],
    ['{\\"apiKey\\": \\"sesame\\", \\"port\\": 1}', '{\\"apiKey\\": \\"[redacted]\\", \\"port\\": 1}'],
    ["{'client_secret': 'open sesame'}", "{'client_secret': '[redacted]'}"],
    ['curl -H "Authorization: Token open sesame" https://x', 'curl -H "Authorization: [redacted]" https://x'],
    ['Cookie: a=sesame; b=sesame\nHost: x', 'Cookie: [redacted]\nHost: x'],
    ['https://x.example/?api_key=sesame&page=2', 'https://x.example/?api_key=[redacted]&page=2'],
    ['https://x.example/?token%3Dsesame', 'https://x.example/?token%3D[redacted]'],
    ['psql --password sesame --host db', 'psql --password [redacted] --host db'],
    ['<password>sesame</password>', '<password>[redacted]</password>'],
    ['"token": ["sesame", "sesame2"], "a": 1', '"token": [redacted], "a": 1'],
  ])('hides the value in %s', (text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  it.each([
    'Done. PASS=12 WARN=0 ERROR=1',
    'prompt_tokens: 812, token_count: 3',
    'Basic authentication failed: the password is wrong',
    'partition key=2026-01-01',
    'column secret_santa was dropped',
    'http://grafana:3000/d/abc?from=now-1h@home',
    '"token": null',
    'prod.analytics.customer_events failed at 2026-01-01T00:00:00Z',
    "secret('GEMINI_API_KEY') is not defined",
  ])('leaves %j alone', (text) => {
    expect(redact(text)).toBe(text)
  })
})

describe('redact, by value', () => {
  it('hides a value as it is, in a URL, in base64 and in JSON', () => {
    const secret = 'open "sesame"/now'
    const text = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      JSON.stringify(secret),
    ].join(' ')
    expect(redact(text, [secret])).toBe('[redacted] [redacted] [redacted] "[redacted]"')
  })

  it('hides the longer of two values that begin alike', () => {
    expect(redact('x sesame-street y', ['sesame', 'sesame-street'])).toBe('x [redacted] y')
  })

  it('does not replace words of every text', () => {
    expect(redact('the admin said', ['admin', ''])).toBe('the admin said')
  })

  it('never leaves a value behind, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 6, maxLength: 40 }), fc.string(), (before, secret, after) => {
        // What is left must not be the mark's own letters.
        fc.pre(!'[redacted]'.includes(secret))
        expect(redact(`${before}${secret}${after}`, [secret])).not.toContain(secret)
      }),
    )
  })
})

describe('redact', () => {
  it('changes nothing when it is done twice', () => {
    const part = fc.constantFrom(
      'password=',
      '"token": "',
      'Bearer ',
      '://a:b@c',
      'sesame',
      '"',
      '\\',
      "'",
      ' ',
      '[',
      '{',
      ']',
      '--secret ',
      '\n',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const once = redact(parts.join(''))
        expect(redact(once)).toBe(once)
      }),
    )
  })

  it('takes time in proportion to the text, whatever it is made of', () => {
    for (const part of [
      '://',
      'eyJ',
      '--',
      'password=',
      'token:\\\\"',
      '-----BEGIN PRIVATE KEY-----',
      '://a:',
      'secret:[',
      '-',
    ]) {
      const [small, large] = [50_000, 400_000].map((size) => fastest(part.repeat(size / part.length)))
      // Eight times the text: a quadratic pattern would take 64 times as long.
      expect(large, part).toBeLessThan(Math.max(small ?? 0, 2) * 30)
    }
  })
})

describe('redactDeep', () => {
  it('hides what stands under a secret name, redacts the rest, and leaves its argument alone', () => {
    const value = Object.freeze({
      password: 'sesame',
      list: Object.freeze([{ token: 5 }, 'pwd=sesame']),
      secret: null,
      open: true,
    })
    expect(redactDeep(value)).toEqual({
      password: '[redacted]',
      list: [{ token: '[redacted]' }, 'pwd=[redacted]'],
      secret: null,
      open: true,
    })
  })
})

describe('isSecretName', () => {
  it.each(['DB_PASSWORD', 'x-api-key', 'accessToken', 'Authorization', 'SLACK_WEBHOOK_URL'])('knows %s', (name) => {
    expect(isSecretName(name)).toBe(true)
  })
  it.each(['tokens', 'token_count', 'key', 'author', 'design', 'password_rotated_at'])(
    'does not take %s for one',
    (name) => {
      expect(isSecretName(name)).toBe(false)
    },
  )
})

/** Milliseconds of the fastest of three runs. */
function fastest(text: string): number {
  const runs = [1, 2, 3].map(() => {
    const begin = performance.now()
    redact(text)
    return performance.now() - begin
  })
  return Math.min(...runs)
}
