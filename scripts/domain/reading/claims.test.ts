import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AlertFact } from '../alert.ts'
import { evidenceData } from '../evidence.ts'
import { assetOf } from './asset.ts'
import { readClaims } from './claims.ts'

const table = assetOf('table', 'shop.raw.orders')
const dag = assetOf('dag', 'Sales_Daily')
const facts = (asset: typeof table, metric: Record<string, unknown>, ...contexts: Record<string, unknown>[]) =>
  readClaims(asset, metric, contexts)
const dataOf = (list: readonly AlertFact[], kind: AlertFact['kind']) =>
  list.filter((fact) => fact.kind === kind).map(({ data }) => data)

describe('readClaims', () => {
  it('reads a measurement with its limit, its past and its harmlessness', () => {
    const list = facts(
      null,
      { memory_percent: 85, memory_total_gb: 32 },
      { historical_avg_percent: 82, historical_max_percent: 88.5, pattern: 'weekly batch', customer_impact: 'none' },
    )
    expect(dataOf(list, 'metric')).toEqual([
      {
        name: 'memory_percent',
        value: 85,
        unit: 'percent',
        baseline_mean: 82,
        baseline_max: 88.5,
        pattern: 'weekly batch',
        customer_impact: 'none',
      },
    ])
  })

  it('claims no measurement where there is none', () => {
    expect(facts(null, { name: 'memory', host: 'x', threshold: 80 })).toEqual([])
  })

  it.each([
    [
      { removed_columns: ['a', 'b'] },
      [
        { change: 'dropped', column: 'a' },
        { change: 'dropped', column: 'b' },
      ],
    ],
    [{ column_removed: 'a' }, [{ change: 'dropped', column: 'a' }]],
    [
      { change_type: 'COLUMN_REMOVED', column_name: 'a', column_type: 'TEXT' },
      [{ change: 'dropped', column: 'a', before: 'TEXT' }],
    ],
    [{ renamed_columns: { a: 'b' } }, [{ change: 'renamed', column: 'a', after: 'b' }]],
    [
      { type_changed_columns: [{ name: 'a', from: 'INT', to: 'TEXT' }] },
      [{ change: 'type_changed', column: 'a', before: 'INT', after: 'TEXT' }],
    ],
    [{ added_columns: [{ name: 'a', type: 'TEXT' }] }, [{ change: 'added', column: 'a' }]],
  ])('reads the schema change in %j', (metric, expected) => {
    const list = dataOf(facts(table, metric), 'schema_change')
    expect(list).toMatchObject(expected)
    expect(list).toHaveLength(expected.length)
    for (const data of list) expect(data.table).toBe('shop.raw.orders')
  })

  it('reads what hangs on it, and who waits', () => {
    const list = facts(
      dag,
      { sla_minutes: 120, actual_duration_minutes: 360 },
      { downstream_tables: ['a.b', 'A.c'], systems_waiting: ['crm'], upstream_dependencies: ['src'] },
    )
    expect(dataOf(list, 'lineage')).toEqual([{ upstream: ['src'], downstream: ['a.b', 'A.c', 'crm'], exposures: [] }])
    expect(dataOf(list, 'catalog_entry')).toEqual([
      { asset: 'sales_daily', sla_minutes: 120, breached: true, consumers: ['crm'] },
    ])
  })

  it('does not call an SLA broken without both its sides', () => {
    expect(dataOf(facts(dag, { sla_minutes: 120 }), 'catalog_entry')).toEqual([
      { asset: 'sales_daily', sla_minutes: 120 },
    ])
    expect(dataOf(facts(dag, { sla_hours: 3, duration_minutes: 100 }), 'catalog_entry')).toEqual([
      { asset: 'sales_daily', sla_minutes: 180, breached: false },
    ])
  })

  it('claims a run only where its state is said', () => {
    expect(dataOf(facts(dag, { duration_minutes: 100 }), 'dag_run')).toEqual([])
    expect(
      dataOf(facts(dag, { state: 'running', runtime_hours: 6 }, { median_duration_minutes: 108 }), 'dag_run'),
    ).toEqual([{ dag_id: 'Sales_Daily', state: 'running', duration_s: 21_600, typical_duration_s: 6480 }])
  })

  it('always gives valid facts, whatever it is given', () => {
    const keys = [
      'value',
      'name',
      'threshold',
      'sla_minutes',
      'state',
      'removed_columns',
      'renamed_columns',
      'downstream',
      'consumers',
      'row_count',
      'last_loaded',
      'column',
      'change_type',
      'duration_ms',
      '__proto__',
      'toString',
    ]
    const object = fc.dictionary(
      fc.oneof(fc.constantFrom(...keys), fc.string()),
      fc.oneof(fc.jsonValue(), fc.constantFrom('running', 5, 'dropped', ['a'])),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(table, dag, null),
        object,
        fc.array(object, { maxLength: 3 }),
        (asset, metric, contexts) => {
          for (const fact of readClaims(asset, metric, contexts)) {
            expect(AlertFact.parse(fact)).toEqual(fact)
            expect(evidenceData[fact.kind].safeParse(fact.data).error).toBeUndefined()
          }
        },
      ),
    )
  })
})
