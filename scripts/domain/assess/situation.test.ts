import { describe, expect, it } from 'vitest'
import { dag, entry, host, now, piece, situationOf, table } from '../../../tests/support/evidence.ts'
import type { exampleAlert } from '../../../tests/support/example-incidents.ts'
import type { Evidence } from '../evidence.ts'
import { partOf, sameAsset } from './asset-names.ts'
import { businessSeverity } from './business-severity.ts'
import { assess } from './situation.ts'

const orders = 'shop.public.orders'
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString()
const inMinutes = (minutes: number) => minutesAgo(-minutes)

describe('names', () => {
  it.each([
    ['Shop.Public.Orders', 'shop.public.orders', true],
    ['orders', 'shop.public.orders', true],
    ['model.project.orders', 'shop.public.orders', true],
    ['worker-3:9100', 'worker-3', true],
    ['staging.public.orders', 'shop.public.orders', false],
    ['reorders', 'shop.public.orders', false],
    ['', '', false],
  ])('%s and %s: %s', (a, b, same) => {
    expect(sameAsset(a, b)).toBe(same)
    expect(sameAsset(b, a)).toBe(same)
  })

  it('knows a task as part of its DAG, and no DAG whose name begins alike', () => {
    expect(partOf('nightly_orders.load', 'nightly_orders')).toBe(true)
    expect(partOf('nightly_orders_eu.load', 'nightly_orders')).toBe(false)
  })
})

describe('the catalogue', () => {
  it('is read for the asset, not for its neighbours', () => {
    const { level, isCatalogued } = assess(situationOf({ asset: table }, entry('shop.public.refunds', 4)))
    expect({ tier: level.tier, isCatalogued }).toEqual({ tier: null, isCatalogued: false })
  })

  it('is read for what the words name when the alert has no asset', () => {
    const evidence = [entry('worker-3', 4), entry('worker-31', 1)]
    expect(assess(situationOf({ title: 'Memory on worker-3 is high', asset: null }, ...evidence)).level.tier).toBe(4)
  })

  it('counts the highest of several ranks', () => {
    const both = [entry(orders, 3), { ...entry(orders, 1), id: 'ev_2' }]
    expect(assess(situationOf({ asset: table }, ...both)).level.tier).toBe(1)
  })

  it('takes no rank from what is only made from the asset', () => {
    const below = entry('board', 4, { below: orders })
    expect(assess(situationOf({ title: 'Something is late', asset: null }, below)).level.tier).toBeNull()
  })

  it('takes no rank from a payload, but its readers and its broken promise', () => {
    const claim = { ...entry(orders, 4, { breached: true, consumers: ['a'] }), source: 'alert' as const }
    const { level, isCatalogued, affected, urgency } = assess(situationOf({ asset: table }, claim))
    expect({ tier: level.tier, isCatalogued, affected, urgency }).toEqual({
      tier: null,
      isCatalogued: false,
      affected: ['a'],
      urgency: 'breached',
    })
  })
})

describe('the promise and its clock', () => {
  const running = (minutes: number) =>
    piece('dag_run', { dag_id: 'nightly_orders', run_id: 'r', state: 'running', start: minutesAgo(minutes) })
  const urgency = (...evidence: Evidence[]) => assess(situationOf({ asset: dag }, ...evidence)).urgency

  it.each([
    [30, 'none'],
    [70, 'near'],
    [121, 'breached'],
  ])('of 120 minutes, %i minutes into the run: %s', (minutes, expected) => {
    expect(urgency(entry('nightly_orders', 2, { sla_minutes: 120 }), running(minutes))).toBe(expected)
  })

  it('does not run for a run that ended well', () => {
    const ended = piece('dag_run', {
      dag_id: 'nightly_orders',
      state: 'success',
      start: minutesAgo(500),
      end: minutesAgo(10),
    })
    expect(urgency(entry('nightly_orders', 2, { sla_minutes: 120 }), ended)).toBe('none')
  })

  it('does not run for another DAG', () => {
    const other = piece('dag_run', { dag_id: 'other', state: 'running', start: minutesAgo(500) })
    expect(urgency(entry('nightly_orders', 2, { sla_minutes: 120 }), other)).toBe('none')
  })

  it.each([
    [inMinutes(20), null, 'near'],
    [inMinutes(24 * 60), null, 'distant'],
    [minutesAgo(5), null, 'breached'],
    [minutesAgo(5), false, 'none'],
    [null, true, 'breached'],
    ['09:00', null, 'near'],
    ['soon', null, 'none'],
  ])('with the deadline %s, breached %s: %s', (sla_deadline, breached, expected) => {
    expect(urgency(entry('nightly_orders', 2, { sla_deadline, breached }))).toBe(expected)
  })
})

describe('severity', () => {
  const of = (alert: Parameters<typeof situationOf>[0], ...evidence: Evidence[]) =>
    businessSeverity(assess(situationOf({ asset: table, category: 'freshness', ...alert }, ...evidence)))

  it.each([
    ['tier 1, promise broken', of({ severity: 'LOW' }, entry(orders, 1, { breached: true })), 'CRITICAL'],
    ['tier 1, in 20 minutes', of({}, entry(orders, 1, { sla_deadline: inMinutes(20) })), 'CRITICAL'],
    ['tier 1', of({}, entry(orders, 1)), 'HIGH'],
    ['tier 2 with readers', of({}, entry(orders, 2, { consumers: ['a'] })), 'HIGH'],
    ['tier 2, tomorrow', of({}, entry(orders, 2, { sla_deadline: inMinutes(1440) })), 'MEDIUM'],
    [
      'tier 2, tomorrow, a broken schema',
      of({ category: 'schema_change' }, entry(orders, 2, { sla_deadline: inMinutes(1440) })),
      'HIGH',
    ],
    [
      'tier 2 that many read',
      of({ severity: 'CRITICAL' }, entry(orders, 2, { breached: true, consumers: [...'abcdefghij'] })),
      'CRITICAL',
    ],
    ['tier 3', of({ severity: 'MEDIUM' }, entry(orders, 3)), 'MEDIUM'],
    ['tier 4 called critical', of({ severity: 'CRITICAL' }, entry(orders, 4)), 'LOW'],
    ['not catalogued, called critical', of({ severity: 'CRITICAL' }), 'CRITICAL'],
    ['not catalogued, called low', of({ severity: 'LOW' }), 'MEDIUM'],
  ])('%s', (_, severity, expected) => {
    expect(severity).toBe(expected)
  })
})

describe('what surrounds it', () => {
  const window = (more: Record<string, unknown>) =>
    piece('maintenance', { name: 'w', asset: orders, from: minutesAgo(60), until: inMinutes(60), ...more })
  const covered = (...evidence: Evidence[]) =>
    assess(situationOf({ asset: { ...table, platform: 'snowflake' } }, ...evidence)).maintenance !== null

  it.each([
    ['of the asset', window({}), true],
    ['of its schema', window({ asset: 'shop.public.*' }), true],
    ['of its platform', window({ asset: 'snowflake' }), true],
    ['of another table', window({ asset: 'shop.public.refunds' }), false],
    ['of nobody knows what', window({ asset: null }), false],
    ['that is over', window({ until: minutesAgo(1) }), false],
    ['that began after the trouble', window({ from: inMinutes(-1) }), true],
    ['without times', window({ from: null, until: null }), false],
  ])('maintenance %s', (_, evidence, expected) => {
    expect(covered(evidence)).toBe(expected)
  })

  it('is no maintenance when the trouble is older than the window', () => {
    const alert = { asset: table, started_at: minutesAgo(300) }
    expect(assess(situationOf(alert, window({}))).maintenance).toBeNull()
  })

  it('borrows no maintenance through a lineage that the payload claims', () => {
    const elsewhere = window({ asset: 'crm.sync' })
    const told = (source: 'alert' | 'dbt') => piece('lineage', { upstream: ['crm.sync'] }, { source, asset: orders })
    expect(covered(elsewhere, told('dbt'))).toBe(true)
    expect(covered(elsewhere, told('alert'))).toBe(false)
  })

  it('takes the environment from the catalogue first', () => {
    const said = (environment: string | null, alert: Partial<Parameters<typeof exampleAlert>[0]>, tier = 4) =>
      assess(situationOf({ asset: table, ...alert }, entry(orders, tier, { environment }))).isProduction
    expect(said('staging', { environment: 'production' })).toBe(false)
    expect(said('production', { environment: 'staging' })).toBe(true)
    expect(said(null, { environment: 'staging' })).toBe(false)
    expect(said(null, { environment: 'staging' }, 1)).toBe(true)
  })

  it('keeps only changes that touched the asset before the trouble', () => {
    const change = (id: string, data: Record<string, unknown>) => piece('change', { what: 'deploy', ...data }, { id })
    const { changes } = assess(
      situationOf(
        { asset: table },
        change('touched', { at: minutesAgo(60), files: ['models/public/orders.sql'] }),
        change('elsewhere', { at: minutesAgo(60), files: ['web/app.tsx'] }),
        change('later', { at: inMinutes(30), files: ['models/public/orders.sql'] }),
        change('long_ago', { at: minutesAgo(60 * 24 * 9), files: ['models/public/orders.sql'] }),
      ),
    )
    expect(changes.map(({ id }) => id)).toEqual(['touched'])
  })

  it('ignores trouble of something else of the same kind', () => {
    const other = piece('task_failure', { dag_id: 'billing', task_id: 'close', state: 'failed' })
    const { findings } = assess(situationOf({ asset: dag }, other))
    expect(findings.map(({ relation }) => relation)).toEqual(['other'])
  })

  it('names the needed systems that are silent, not those that are not set up', () => {
    const silent = (system: string, reason: string) => piece('unavailable', { system, reason }, { id: system })
    const { unavailable } = assess(
      situationOf(
        { asset: host, category: 'pipeline_failure' },
        silent('airflow_prod', 'timeout'),
        silent('dbt', 'not_configured'),
        silent('postgres', 'timeout'),
      ),
    )
    expect(unavailable.map(({ id }) => id)).toEqual(['airflow_prod'])
  })
})

it('judges a lock by its session, not by what its table is called', () => {
  const locked = (summary: string) => {
    const data = { table: 'shop.zombie_sessions', holder: 'etl', held_s: 7200, waiting: 2, statement: 'select 1' }
    const evidence = piece('lock', data, { summary })
    return assess(situationOf({}, evidence)).findings.map(({ sign }) => sign)
  }
  expect(locked('A session holds a lock on shop.zombie_sessions.')).not.toContain('lock_abandoned')
  expect(locked('An idle in transaction session holds a lock on shop.zombie_sessions.')).toContain('lock_abandoned')
})
