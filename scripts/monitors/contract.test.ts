import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reversed } from '../../tests/support/keys.ts'
import { Alert } from '../domain/alert.ts'
import { AppError } from '../lib/errors.ts'
import { parseJson } from '../lib/json.ts'
import { monitors, readDelivery } from './index.ts'
import type { Delivery, Monitor } from './monitor.ts'

const folder = import.meta.dirname
const fixtures = join(folder, '__fixtures__')
/** What is in the folder and is no adapter. */
const shared = new Set(['bodies', 'dagster-template', 'dbt-artifacts', 'index', 'mapped', 'monitor', 'unwrap'])
/** The same condition firing and resolved, and the same check firing for another asset. */
const required = ['firing', 'resolved', 'other-asset']

const receivedAt = '2026-11-20T08:00:00.000Z'
const delivery = (body: unknown): Delivery => ({ body, headers: {}, receivedAt })
const load = (monitor: string, name: string): unknown =>
  parseJson(readFileSync(join(fixtures, monitor, `${name}.json`), 'utf8'))

function caseNames(monitor: string): string[] {
  const files = readdirSync(join(fixtures, monitor)).map((file) => basename(file, '.json'))
  return files.filter((name) => !name.endsWith('.expected'))
}

describe('registry, folder and fixtures', () => {
  const names = monitors.map(({ name }) => name)

  it('hold the same monitors', () => {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => basename(file, '.ts'))
      .filter((name) => !shared.has(name))
    expect(files.sort()).toEqual([...names].sort())
    expect(readdirSync(fixtures).sort()).toEqual([...names].sort())
  })

  it('name each monitor once, with generic last', () => {
    expect(new Set(names).size).toBe(names.length)
    expect(names.at(-1)).toBe('generic')
  })
})

describe.each(monitors.map((monitor) => [monitor.name, monitor] as const))('%s', (name, monitor) => {
  it('is named like its file, says where its shape is documented, and has the fixtures that the suite needs', () => {
    expect(existsSync(join(folder, `${name}.ts`))).toBe(true)
    expect(monitor.documentation).toMatch(/^https:\/\/|^SETUP\.md$/)
    expect(caseNames(name)).toEqual(expect.arrayContaining(required))
  })

  it.each(caseNames(name))('reads %s as expected', (caseName) => {
    const body = load(name, caseName)
    expect(readDelivery(delivery(body))).toMatchObject({ monitor: name })
    const alerts = monitor.parse(delivery(body))
    const expected = load(name, `${caseName}.expected`)
    expect(alerts).toMatchObject(Array.isArray(expected) ? expected : [])
    expect(alerts).toHaveLength(Array.isArray(expected) ? expected.length : -1)
    for (const alert of alerts) {
      expect(Alert.parse(alert)).toEqual(alert)
      expect(alert.source).toBe(name)
      expect(alert.received_at).toBe(receivedAt)
    }
  })

  it.each(caseNames(name))('leaves %s untouched and reads it the same again', (caseName) => {
    const body = deepFreeze(load(name, caseName))
    const once = monitor.parse(delivery(body))
    expect(monitor.parse(delivery(body))).toEqual(once)
    expect(monitor.parse(delivery(load(name, caseName)))).toEqual(once)
    expect(body).toEqual(load(name, caseName))
  })

  it('gives firing and resolved one fingerprint, and another asset another', () => {
    const [firing, resolved, other] = required.map(
      (caseName) => monitor.parse(delivery(load(name, caseName)))[0]?.fingerprint,
    )
    expect(firing).toMatch(/^fp_/)
    expect(resolved).toBe(firing)
    expect(other).not.toBe(firing)
  })

  it('has the same fingerprint whatever order the keys are in', () => {
    const body = load(name, 'firing')
    const print = (value: unknown) => monitor.parse(delivery(value)).map(({ fingerprint }) => fingerprint)
    expect(print(reversed(body))).toEqual(print(body))
  })

  it.each([{}, [{}], '', 'text', null, 5, true, [], [null]])('does not make an alert of %j', (body) => {
    expect(alertsOf(monitor, body)).toEqual([])
  })

  it.each(['constructor', '__proto__', 'toString'])('reads the word %s wherever its own words stand', (word) => {
    for (const caseName of caseNames(name)) {
      for (const body of withWord(load(name, caseName), word)) {
        for (const alert of alertsOf(monitor, body)) expect(Alert.parse(alert)).toEqual(alert)
      }
    }
  })

  it('answers any JSON with valid alerts or an AppError, and again with the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), resembling()), (body) => {
        const again = structuredClone(body)
        const alerts = alertsOf(monitor, deepFreeze(body))
        for (const alert of alerts) expect(Alert.parse(alert)).toEqual(alert)
        expect(alertsOf(monitor, again)).toEqual(alerts)
      }),
      { numRuns: 300 },
    )
  })
})

describe('readDelivery', () => {
  it('answers any value with valid alerts or an AppError of a payload', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), resembling(), fc.string()), (body) => {
        try {
          for (const alert of readDelivery(delivery(body)).alerts) expect(Alert.parse(alert)).toEqual(alert)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError)
          expect(thrown).toMatchObject({ code: expect.stringMatching(/^E_PAYLOAD_/), hint: expect.stringMatching(/./) })
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([{}, '', null, 5, true, [{}], { a: 1 }, '{}'])('refuses %j: it says nothing of what is wrong', (body) => {
    expect(() => readDelivery(delivery(body))).toThrow(AppError)
  })

  it('asks the monitors in order, so that generic takes only what nobody else knows', () => {
    for (const monitor of monitors.slice(0, -1)) {
      for (const caseName of caseNames(monitor.name)) {
        expect(readDelivery(delivery(load(monitor.name, caseName))).monitor).toBe(monitor.name)
      }
    }
  })

  it('reads the body of a monitor that a CloudEvent carries as that monitor does', () => {
    const body = load('grafana', 'firing')
    const event = { specversion: '1.0', type: 'com.example.alert', source: '/grafana', id: '1', data: body }
    expect(readDelivery(delivery(event))).toEqual(readDelivery(delivery(body)))
  })

  it('takes no secret out of what a CloudEvent carries encoded', () => {
    const inside = JSON.stringify({ title: 'Login of the loader failed', db_password: 'sesame-4711' })
    const event = {
      specversion: '1.0',
      type: 'x',
      source: 'x',
      id: '1',
      data_base64: Buffer.from(inside).toString('base64'),
    }
    const read = readDelivery(delivery(event))
    expect(read).toMatchObject({ monitor: 'cloudevents', alerts: [{ title: 'Login of the loader failed' }] })
    expect(JSON.stringify(read)).not.toContain('sesame-4711')
  })

  it('takes no secret into an alert', () => {
    const body = {
      source: 'x',
      title: 'Login of loader failed: password=sesame-4711',
      severity: 'high',
      related_context: { db_password: 'sesame-4711' },
    }
    expect(JSON.stringify(readDelivery(delivery(body)))).not.toContain('sesame-4711')
  })

  const alarm = (name: string, state: string) => ({
    AlarmName: name,
    NewStateValue: state,
    OldStateValue: 'OK',
    NewStateReason: 'Threshold crossed',
    StateChangeTime: '2026-11-20T07:40:00.000+0000',
    Region: 'EU (Ireland)',
    AWSAccountId: '000000000000',
    Trigger: { MetricName: 'Age', Namespace: 'ETL', Dimensions: [] },
  })
  const record = (message: unknown) => ({
    EventSource: 'aws:sns',
    Sns: { Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:000000000000:x', Message: message },
  })
  const event = (id: string, data: unknown) => ({ specversion: '1.0', type: 'com.example', source: '/x', id, data })

  it('reads every record of a batch of SNS notifications', () => {
    const records = [alarm('orders stale', 'ALARM'), alarm('payments stale', 'OK')].map((one) => JSON.stringify(one))
    const { monitor, alerts } = readDelivery(delivery({ Records: records.map(record) }))
    expect(monitor).toBe('cloudwatch')
    expect(alerts.map(({ status }) => status)).toEqual(['firing', 'resolved'])
  })

  it('reads what each event of a batch carries as the body it is', () => {
    const batch = [event('1', load('pagerduty', 'firing')), event('2', { title: 'orders is late', severity: 'high' })]
    const { alerts } = readDelivery(delivery(batch))
    expect(alerts.map(({ source }) => source)).toEqual(['pagerduty', 'cloudevents'])
  })

  it('reads a list of whole bodies as each would be read alone', () => {
    const body = load('alertmanager', 'firing')
    const alone = readDelivery(delivery(body)).alerts
    const other = load('pagerduty', 'firing')
    const { alerts } = readDelivery(delivery([body, other]))
    expect(alerts).toEqual([...alone, ...readDelivery(delivery(other)).alerts])
    expect(readDelivery(delivery([body])).alerts).toEqual(alone)
  })

  it('passes over a handshake in a batch, and refuses a batch that says nothing', () => {
    const handshake = { EventSource: 'aws:sns', Sns: { Type: 'SubscriptionConfirmation', TopicArn: 'x' } }
    const batch = { Records: [handshake, record(JSON.stringify(alarm('orders stale', 'ALARM')))] }
    expect(readDelivery(delivery(batch))).toMatchObject({ monitor: 'cloudwatch', alerts: [{ status: 'firing' }] })
    expect(() => readDelivery(delivery({ Records: [record('{"a":1}'), record('{}')] }))).toThrow(AppError)
  })

  it('refuses a monitor that does not exist, and names those that do', () => {
    expect(() => readDelivery(delivery({ title: 'x' }), { only: 'nagios-5' })).toThrow(/nagios-5/)
  })
})

/** The body once for each of its texts, with the word in its place. */
function withWord(value: unknown, word: string): unknown[] {
  if (typeof value === 'string') return [word]
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => withWord(item, word).map((changed) => value.with(index, changed)))
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    withWord(item, word).map((changed) => ({ ...value, [key]: changed })),
  )
}

function alertsOf(monitor: Monitor, body: unknown): Alert[] {
  expect(typeof monitor.recognises(delivery(body))).toBe('boolean')
  try {
    return monitor.parse(delivery(body))
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError)
    return []
  }
}

/** Bodies of about the right shape with anything in every place. */
function resembling(): fc.Arbitrary<unknown> {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('firing', 'resolved', 'P1', 'raw.orders', '2026-11-20', 'https://x.example', '{{x}}'),
  )
  const keys = [
    'source',
    'title',
    'name',
    'severity',
    'status',
    'description',
    'metric',
    'related_context',
    'timestamp',
    'url',
    'labels',
    'alerts',
    'tags',
    'dag_id',
    'table',
    'removed_columns',
    'downstream_tables',
    'value',
    'toString',
    '__proto__',
  ]
  const flat = fc.dictionary(fc.constantFrom(...keys), anything)
  const nested = fc.dictionary(fc.constantFrom(...keys), fc.oneof(anything, flat, fc.array(flat, { maxLength: 3 })))
  const group = fc.record({
    version: fc.constant('4'),
    alerts: fc.array(fc.record({ status: anything, labels: flat, annotations: flat, startsAt: anything })),
  })
  return fc.oneof(nested, group, fc.array(nested, { maxLength: 3 }))
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
