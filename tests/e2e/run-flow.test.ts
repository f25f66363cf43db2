import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kestraApi } from '../../scripts/lib/kestra-api.ts'
import { type StandIn, startStandIn } from '../stand-ins/server.ts'
import { type Product, startProduct } from './product.ts'

const policy = `mode: act
auto_fix: true
allow: ["run_flow:flow=unstick"]
flows:
  - name: unstick
    flow: company.team.unstick
    what: Moves the load to the spare warehouse.
    assets: ["daily_elt_*"]
    mends: [pipeline_delay]
    inputs: { dag: { from: asset }, attempts: 2 }
`
const stuck = {
  source: 'cloudwatch',
  alert_id: 'cw-1',
  title: 'daily_elt_pipeline is slow',
  severity: 'high',
  description: 'Its tasks wait for the warehouse.',
  related_context: { dag_id: 'daily_elt_pipeline' },
}

describe('a team’s own flow as a fix', () => {
  let product: Product
  let mender: StandIn
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-config-'))
    await writeFile(join(folder, 'policy.yaml'), policy)
    await writeFile(join(folder, 'catalog.yaml'), 'assets: [{ name: daily_elt_pipeline, kind: dag, tier: 1 }]\n')
    product = await startProduct('run-flow', ({ slack, airflow }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      ...airflow.settings,
      DIM_CONFIG_DIR: folder,
    }))
    mender = await startStandIn(() => {
      for (const run of product.airflow.dags[0]?.runs ?? []) {
        for (const task of run.tasks) Object.assign(task, { state: 'success', end_date: new Date() })
        Object.assign(run, { state: 'success', end_date: new Date() })
      }
      return { status: 200, body: {} }
    })
  })
  afterAll(async () => {
    await product.stop()
    await mender.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is started once with its inputs, found by its label, and has helped when the asset is well', async () => {
    const api = kestraApi(product.stack.settings)
    const flow = `
id: unstick
namespace: company.team
inputs:
  - { id: dag, type: STRING }
  - { id: attempts, type: INT }
tasks:
  - id: mend
    type: io.kestra.plugin.core.http.Request
    uri: ${mender.url}/mend
    method: POST
    contentType: application/json
    body: "{{ {'dag': inputs.dag, 'attempts': inputs.attempts} | toJson }}"
`
    await api.deploy('company.team', [flow])
    const { id } = await product.fire(stuck)
    const outcome = await product.outcome(id)
    expect(outcome).toMatchObject({ state: 'resolved', fix: 'run_flow' })
    expect(mender.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { dag: 'daily_elt_pipeline.load_warehouse', attempts: 2 },
    ])
    const executions = await api.latest('company.team', 'unstick', new Date(0))
    expect(executions).toHaveLength(1)
    const value = executions[0]?.labels?.find(({ key }) => key === 'data_incident_manager')?.value
    expect(value).toMatch(/^dim_[0-9a-f]{32}$/)
    const found = await api.latest('company.team', 'unstick', new Date(0), {
      key: 'data_incident_manager',
      value: String(value),
    })
    expect(found.map((execution) => execution.id)).toEqual(executions.map((execution) => execution.id))
    expect(
      await api.latest('company.team', 'unstick', new Date(0), { key: 'data_incident_manager', value: 'dim_other' }),
    ).toEqual([])
  })
})
