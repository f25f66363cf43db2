import { expect, test } from 'vitest'
import { exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { noteShadow, settleShadow } from './shadow.ts'
import { sourceFigures } from './source-figures.ts'

const database = useTestStore()
const remediation = { template: 'airflow_rerun_dag', target: 'orders', params: { dag_id: 'orders' } } as const

test('a source is counted by its own name, with what was ignored of it and how people agreed', async () => {
  const store = database.tenant()
  const plain = { source: 'plain', labels: { reported_source: 'datadog' } }
  const received = await receive(store, exampleAlert({ ...plain, fingerprint: 'fp_datadog' }))
  await receive(store, exampleAlert({ ...plain, fingerprint: 'fp_unknown', status: 'resolved' }))
  await receive(store, exampleAlert({ fingerprint: 'fp_other' }))
  const incident = received.incidents[0] ?? expect.fail()
  await store.transaction((query) => noteShadow(query, incident, 1, { would_fix: remediation, guardrails: [] }))
  const counts = { alerts_last_hour: 1, alerts_last_day: 1, ignored_last_day: 0, agreed: 0, compared: 0 }
  expect(await sourceFigures(store)).toEqual(
    expect.arrayContaining([
      { ...counts, source: 'plain/datadog', alerts_last_hour: 2, alerts_last_day: 2, ignored_last_day: 1 },
      { ...counts, source: 'alertmanager' },
    ]),
  )
  await settleShadow(store, { incident, revision: 1 }, 'same', 'done')
  expect(await sourceFigures(store)).toContainEqual(
    expect.objectContaining({ source: 'plain/datadog', agreed: 1, compared: 1 }),
  )
})
