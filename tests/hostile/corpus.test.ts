import { describe, expect, it } from 'vitest'
import { Alert } from '../../scripts/domain/alert.ts'
import { AppError } from '../../scripts/lib/errors.ts'
import { parseJson } from '../../scripts/lib/json.ts'
import { monitors, readDelivery } from '../../scripts/monitors/index.ts'
import { asHandedOver, type HostileBody, hostileBodies } from './corpus.ts'

const receivedAt = '2026-11-20T08:00:00.000Z'

type Reading = { end: HostileBody['end']; alerts: Alert[]; reason: string }

function read(bytes: Buffer): Reading {
  try {
    const { alerts } = readDelivery({ body: parseJson(asHandedOver(bytes)), headers: {}, receivedAt })
    return { end: alerts.length === 0 ? 'nothing' : 'alerts', alerts, reason: '' }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    expect(thrown.code).toMatch(/^E_PAYLOAD_(?:UNREADABLE|NO_ALERT)$/)
    expect(thrown.hint).not.toBe('')
    return { end: 'refused', alerts: [], reason: `${thrown.message} ${thrown.hint} ${String(thrown.cause)}` }
  }
}

describe('every hostile body has its end', () => {
  it.each(hostileBodies.map((body) => [body.name, body] as const))('%s', (_, { bytes, end, never = [], kept }) => {
    const reading = read(bytes)
    expect(reading.end, reading.reason).toBe(end)
    for (const alert of reading.alerts) {
      expect(Alert.parse(alert)).toEqual(alert)
      expect(alert.url ?? 'https:').toMatch(/^https?:/)
    }
    const shown = JSON.stringify(reading)
    for (const text of never) {
      expect(shown).not.toContain(text)
      expect(shown).not.toContain(JSON.stringify(text).slice(1, -1))
    }
    if (kept !== undefined) {
      expect(reading.alerts.map(({ title, description }) => `${title}\n${description}`).join('\n')).toContain(kept)
    }
  })

  it('names no body twice', () => {
    const names = hostileBodies.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('hostile bodies leave nothing behind', () => {
  it('changes no prototype', () => {
    for (const { bytes } of hostileBodies) read(bytes)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  })

  it('does not let __proto__ decide', () => {
    const body = hostileBodies.find(({ name }) => name === '__proto__')
    expect(read(body?.bytes ?? Buffer.alloc(0)).alerts[0]?.status).toBe('firing')
  })
})

describe('more alerts than can be read', () => {
  it('are counted, never dropped without a word', () => {
    const body = [
      ...Array.from({ length: 20_500 }, (_, n) => ({ title: `Load ${n} failed`, severity: 'low' })),
      { title: 'The database is gone', severity: 'critical' },
    ]
    const { alerts } = readDelivery({ body, headers: {}, receivedAt })
    expect(alerts).toHaveLength(20_000)
    expect(alerts.at(-1)).toMatchObject({
      severity: 'CRITICAL',
      status: 'firing',
      title: '502 more alerts in one delivery of generic, 502 of them firing',
    })
  })
})

describe('the work grows with the size of a body, and no faster', () => {
  const parts: readonly (readonly [string, (size: number) => unknown])[] = [
    [
      'keys',
      (size) => Object.fromEntries([['title', 'x'], ...Array.from({ length: size / 10 }, (_, n) => [`k${n}`, 'v'])]),
    ],
    ['a long title', (size) => ({ title: 'Load failed '.repeat(size / 12) })],
    ['blanks', (size) => ({ title: ' \n'.repeat(size / 2), message: 'x' })],
    ['brackets', (size) => ({ title: '[{(<*'.repeat(size / 5), message: '#-:'.repeat(size / 3) })],
    [
      'dashes and colons',
      (size) => ({ title: `${'-:– '.repeat(size / 4)}failed`, description: '://a:'.repeat(size / 5) }),
    ],
    [
      'alerts',
      (size) => ({
        alerts: Array.from({ length: size / 40 }, (_, n) => ({ title: `Load ${n} failed` })),
        common: { a: 'x'.repeat(1000) },
      }),
    ],
    [
      'labels',
      (size) => ({
        alerts: [{ labels: Object.fromEntries(Array.from({ length: size / 10 }, (_, n) => [`l${n}`, 'x'])) }],
      }),
    ],
    [
      'names',
      (size) => ({
        source: 'x',
        title: 'x',
        severity: 'low',
        related_context: { downstream: Array.from({ length: size / 10 }, (_, n) => `t${n}`) },
      }),
    ],
  ]

  it.each(parts)('%s', (_, make) => {
    const small = Buffer.from(JSON.stringify(make(40_000)))
    const large = Buffer.from(JSON.stringify(make(320_000)))
    for (const bytes of [small, large]) read(bytes)
    // Eight times the size; what is quadratic takes 64 times as long.
    expect(cheapest(large)).toBeLessThan(Math.max(cheapest(small), 2) * 30)
  })
})

describe('the adapters themselves', () => {
  it.each(monitors.map((monitor) => [monitor.name, monitor] as const))(
    '%s meets every hostile body with an answer',
    (_, monitor) => {
      for (const { bytes } of hostileBodies) {
        const delivery = { body: undefined as unknown, headers: {}, receivedAt }
        try {
          delivery.body = parseJson(asHandedOver(bytes))
        } catch {
          continue
        }
        expect(typeof monitor.recognises(delivery)).toBe('boolean')
        try {
          for (const alert of monitor.parse(delivery)) expect(Alert.safeParse(alert).success).toBe(true)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
        }
      }
    },
  )
})

/** Milliseconds of processor time of the cheapest of three readings: what else the machine does is not in it. */
function cheapest(bytes: Buffer): number {
  const runs = [1, 2, 3].map(() => {
    const begin = process.cpuUsage()
    read(bytes)
    return process.cpuUsage(begin).user / 1000
  })
  return Math.min(...runs)
}
