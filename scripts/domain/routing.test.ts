import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DestinationName, destinationOf, nameOfDestination } from './destination.ts'
import type { Evidence } from './evidence.ts'
import { ownersOf, tierOf } from './owners.ts'
import { type RoutingFacts, RoutingFile, routeTo } from './routing.ts'
import { isWithinHours } from './sla.ts'

const cause = { name: 'data-platform', channel: '#data-platform', asset: 'orders' }
const finance = { name: 'finance-data', channel: null, asset: 'fct_revenue' }

function facts(changes: Partial<RoutingFacts> = {}): RoutingFacts {
  return {
    severity: 'HIGH',
    category: 'freshness',
    tier: 2,
    source: 'plain/datadog',
    asset: 'prod.finance.orders',
    environment: 'production',
    owners: { cause, suffering: [finance] },
    now: new Date('2026-11-24T12:00:00Z'),
    ...changes,
  }
}

function told(routes: unknown, changes: Partial<RoutingFacts> = {}, rest: object = {}): string[] {
  const file = RoutingFile.parse({ routes, ...rest })
  return routeTo(file, facts(changes)).destinations.map(nameOfDestination)
}

describe('routes', () => {
  test('the first that holds decides', () => {
    const routes = [
      { name: 'critical', when: { severity: ['CRITICAL'] }, tell: ['pagerduty'] },
      { name: 'all', tell: ['slack'] },
    ]
    expect(told(routes)).toEqual(['slack'])
    expect(told(routes, { severity: 'CRITICAL' })).toEqual(['pagerduty'])
  })

  test('one that says continue adds to those below, each place once', () => {
    const routes = [
      { name: 'finance', when: { asset: ['prod.finance.*'] }, tell: ['jira:FIN', 'slack'], continue: true },
      { name: 'all', tell: ['slack', 'email:data@example.com'] },
      { name: 'never', tell: ['webhook'] },
    ]
    expect(told(routes)).toEqual(['jira:FIN', 'slack', 'email:data@example.com'])
  })

  test.for([
    [{ severity: ['HIGH'] }, true],
    [{ severity: ['LOW'] }, false],
    [{ tier: [1] }, false],
    [{ tier: [1, 2] }, true],
    [{ owner: ['data-*'] }, true],
    [{ owner: ['finance*'] }, false],
    [{ source: ['plain/*'] }, true],
    [{ asset: ['*.ORDERS'] }, true],
    [{ environment: ['staging'] }, false],
    [{ category: ['freshness'], tier: [2], severity: ['HIGH'] }, true],
    [{ category: ['freshness'], tier: [2], severity: ['LOW'] }, false],
    [{ hours: { from: '09:00', to: '17:00', zone: 'Europe/Berlin' } }, true],
    [{ hours: { from: '14:00', to: '17:00', zone: 'UTC' } }, false],
  ] as const)('%j: %j', ([when, holds]) => {
    expect(told([{ name: 'one', when, tell: ['slack'] }])).toEqual(holds ? ['slack'] : [])
  })

  test('what is not known holds nowhere where it is asked for', () => {
    const owners = { cause: null, suffering: [] }
    for (const when of [{ tier: [1, 2, 3, 4] }, { owner: ['*'] }, { asset: ['*'] }, { environment: ['*'] }]) {
      expect(
        told([{ name: 'one', when, tell: ['slack'] }], { tier: null, asset: null, environment: null, owners }),
      ).toEqual([])
    }
  })

  test('both owners are told: of the cause, and of the promise that suffers', () => {
    const owners = { 'finance-data': ['email:finance@example.com', 'slack:#finance-data'] }
    expect(told([{ name: 'one', tell: ['owner', 'sla_owner'] }], {}, { owners })).toEqual([
      'slack:#data-platform',
      'email:finance@example.com',
      'slack:#finance-data',
    ])
  })

  test('an owner without a place leads nowhere, whatever it is called', () => {
    const odd = { cause: { name: '__proto__', channel: 'not a channel', asset: 'x' }, suffering: [finance] }
    expect(told([{ name: 'one', tell: ['owner', 'sla_owner'] }], { owners: odd })).toEqual([])
  })

  test('says of each route why it holds or not', () => {
    const routes = [
      { name: 'tier 1', when: { tier: [1] }, tell: ['pagerduty'] },
      { name: 'night', when: { hours: { from: '22:00', to: '06:00' } }, tell: ['pagerduty'] },
      { name: 'all', tell: ['slack'] },
    ]
    expect(routeTo(RoutingFile.parse({ routes }), facts()).because).toEqual([
      'tier 1: no, tier is 2',
      'night: no, it is outside its hours',
      'all: holds',
    ])
  })

  test('escalates in order of time', () => {
    const file = RoutingFile.parse({
      routes: [
        {
          name: 'one',
          tell: ['slack'],
          escalate: [
            { after_minutes: 60, tell: ['email:boss@example.com'] },
            { after_minutes: 15, tell: ['owner'] },
          ],
        },
      ],
    })
    expect(
      routeTo(file, facts()).escalation.map(({ afterMs, destinations }) => [
        afterMs / 60_000,
        ...destinations.map(nameOfDestination),
      ]),
    ).toEqual([
      [15, 'slack:#data-platform'],
      [60, 'email:boss@example.com'],
    ])
  })
})

describe('hours', () => {
  test.for([
    ['2026-11-24T08:00:00Z', { from: '09:00', to: '17:00', zone: 'Europe/Berlin' }, true],
    ['2026-11-24T16:00:00Z', { from: '09:00', to: '17:00', zone: 'Europe/Berlin' }, false],
    // Friday night into Saturday belongs to Friday.
    ['2026-11-28T03:00:00Z', { from: '22:00', to: '06:00', days: ['fri'] }, true],
    ['2026-11-28T23:00:00Z', { from: '22:00', to: '06:00', days: ['fri'] }, false],
    // Monday 01:00 began on Sunday.
    ['2026-11-23T01:00:00Z', { from: '22:00', to: '06:00', days: ['sun'] }, true],
    ['2026-11-24T00:00:00Z', { from: '00:00', to: '00:00' }, true],
  ] as const)('%s in %j: %j', ([now, hours, expected]) => {
    expect(isWithinHours(new Date(now), hours)).toBe(expected)
  })
})

describe('a destination', () => {
  test.for([
    'slack',
    'slack:#data-platform',
    'slack:C0123456789',
    'email:a.b+c@example.com',
    'jira:DATA',
    'pagerduty',
    'webhook',
    'ticket',
  ])('%s is one, and stays one', (name) => {
    expect(DestinationName.parse(name)).toBe(name)
    expect(nameOfDestination(destinationOf(name))).toBe(name)
  })

  test.for([
    'sms',
    '',
    'Slack',
    'slack:',
    'slack:data',
    'email:nobody',
    'email:a@b.c,d@e.f',
    'jira:lower',
    'pagerduty:x',
    'ticket:1',
    '__proto__',
    'constructor:x',
  ])('%j is none', (name) => {
    expect(DestinationName.safeParse(name).success).toBe(false)
  })

  test('whatever is written, an address holds no second one and no header', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (DestinationName.safeParse(`email:${text}`).success) expect(text).not.toMatch(/[\s,;<>"]/)
      }),
    )
  })
})

describe('owners', () => {
  const entry = (id: string, data: object): Evidence => ({
    id,
    source: 'catalog',
    kind: 'catalog_entry',
    summary: 'x',
    data: { asset: id, ...data },
  })

  test('are those of what is in trouble and of the promises that suffer, a broken one first', () => {
    const evidence = [
      entry('dash', { owner: 'bi', tier: 3, sla_minutes: 60 }),
      entry('orders', { owner: 'platform', tier: 2, channel: '#platform' }),
      entry('fct_revenue', { owner: 'finance', tier: 1, breached: true }),
      entry('copy', { owner: 'nobody waits', tier: 4 }),
      entry('other', { owner: 'platform', sla_minutes: 5 }),
    ]
    const owners = ownersOf({ kind: 'table', name: 'Orders' }, evidence)
    expect(owners.cause).toEqual({ name: 'platform', channel: '#platform', asset: 'orders' })
    expect(owners.suffering.map(({ name }) => name)).toEqual(['finance', 'bi'])
    expect(tierOf(evidence)).toBe(1)
  })

  test('are never those that an alert claims', () => {
    const claimed: Evidence = { ...entry('orders', { owner: 'attacker', tier: 1 }), source: 'alert' }
    expect(ownersOf({ kind: 'table', name: 'orders' }, [claimed])).toEqual({ cause: null, suffering: [] })
  })
})
