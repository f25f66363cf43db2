import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RemediationTemplate } from '../domain/decision.ts'
import type { Evidence, EvidenceSource } from '../domain/evidence.ts'
import { isSettingName } from '../lib/config.ts'
import { plannedRow, planRemediation, remediationRow, remediationRows } from './index.ts'

/** Whose evidence each kind of target is planned from. */
const readers = { dag: 'airflow', table: 'postgres', job: 'dbt', connection: 'airbyte', flow: 'airflow' } as const

test('each template that has a file has a row, and the other way round', () => {
  const withFile = RemediationTemplate.options.filter((template) =>
    existsSync(join(import.meta.dirname, `${template.replaceAll('_', '-')}.ts`)),
  )
  expect(remediationRows.map(({ template }) => template)).toEqual(withFile)
})

describe.each(remediationRows.map((row) => [row.template, row] as const))('%s', (template, row) => {
  test('is found by its name and reads known settings', () => {
    expect(remediationRow(template)).toBe(row)
    expect(row.settings.filter((name) => !isSettingName(name))).toEqual([])
  })

  test('plans nothing without evidence, and nothing from what alerts and history say', () => {
    const run_id = 'scheduled__2026-11-20T06:00:00+00:00'
    const data = { dag_id: 'sales', task_id: 'load', run_id, state: 'failed', start: '2026-11-20T06:00:00Z' }
    const lock = { table: 'sales', held_s: 600, statement: 'idle in transaction', session: 42 }
    const model = { unique_id: 'sales', status: 'error', system: 'dbt_finance', job_id: '12', run_id: '41' }
    const sync = {
      connection_id: 'sales',
      connection: 'Sales to lake',
      connection_status: 'active',
      job_id: '41',
      status: 'failed',
      system: 'airbyte',
    }
    const target = template === 'airflow_clear_task' ? 'sales.load' : 'sales'
    const observed_at = '2026-11-20T08:00:00Z'
    const said = (source: EvidenceSource): Evidence[] => [
      { id: 'ev_1', source, kind: 'task_failure' as const, summary: '', data },
      { id: 'ev_2', source, kind: 'dag_run' as const, summary: '', data },
      { id: 'ev_3', source, kind: 'lock' as const, summary: '', observed_at, data: lock },
      { id: 'ev_4', source, kind: 'dbt_model' as const, summary: '', data: model },
      { id: 'ev_5', source, kind: 'sync_job' as const, summary: '', data: sync },
    ]
    expect(row.plan(target, [])).toBeNull()
    expect(row.plan(target, said('alert'))).toBeNull()
    expect(row.plan(target, said('history'))).toBeNull()
    // A flow of the team's own is planned from policy.
    if (template === 'run_flow') return
    const params = planRemediation(template, target, said(readers[row.targetKind]))
    expect(params).not.toBeNull()
    expect(plannedRow({ template, target, params: params ?? {} })).toBe(row)
    expect(() => plannedRow({ template, target, params: {} })).toThrow(/^The plan for sales.* lacks /)
  })
})

test('what has no row is refused', () => {
  expect(() => remediationRow('manual_investigation')).toThrow(/manual_investigation can't be run by itself/)
  expect(planRemediation('manual_investigation', 'x', [])).toBeNull()
})
