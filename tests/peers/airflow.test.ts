import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../engine/postgres/system.ts'
import { airflow as connector } from '../../scripts/connectors/airflow.ts'
import { gatherEvidence } from '../../scripts/connectors/gathering/gather.ts'
import type { Category } from '../../scripts/domain/alert.ts'
import { type Evidence, type EvidenceKind, type EvidenceOf, ofKind } from '../../scripts/domain/evidence.ts'
import { airflowClearTask } from '../../scripts/remediation/airflow-clear-task.ts'
import { loadEvidence } from '../../scripts/store/evidence.ts'
import { sql } from '../../scripts/store/sql.ts'
import { type Product, startProduct, until } from '../e2e/product.ts'
import { textOf } from '../stand-ins/slack.ts'
import { unasked } from '../support/fixes.ts'
import { contextOf, instanceOf, systemsOf } from '../support/systems.ts'
import { airflowSettings, type RealAirflow, startRealAirflow } from './support/airflow.ts'

/** Only these two DAGs may be cleared, each once. */
const policy = `
mode: notify
max_fixes_per_target: { count: 1, hours: 24 }
sources:
  airflow:
    mode: act
    auto_fix: true
    allow: ['airflow_clear_task:dag=orders_*']
`

const Told = z.object({ delivery: z.string(), incident: z.string() })

describe('a real Airflow', () => {
  let product: Product
  let airflow: RealAirflow
  let folder: string
  let settings: ReturnType<typeof airflowSettings>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-policy-'))
    await cp(join(import.meta.dirname, '..', '..', 'config'), folder, { recursive: true })
    await writeFile(join(folder, 'policy.yaml'), policy)
    const port = await freePort()
    settings = airflowSettings(port)
    product = await startProduct('airflow', ({ slack }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      DIM_CONFIG_DIR: folder,
      ...settings,
    }))
    airflow = await startRealAirflow({ port, webhookUrl: product.stack.webhookUrl })
    // A server that has just started takes seconds for its first answers, and gathering gives each system five.
    const asset = { kind: 'dag' as const, name: 'orders_once', native: { dag_id: 'orders_once' } }
    const question = { asset, category: 'pipeline_failure' as const, environment: null, alerts: [], now: new Date() }
    const context = { ...contextOf(connector, settings), signal: AbortSignal.timeout(60_000) }
    await connector.gather(question, context)
  })
  afterAll(async () => {
    await airflow?.stop()
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('has a DAG that fails once cleared, ending well, without a hand', async () => {
    const run = await airflow.trigger('orders_once')
    const { delivery, incident } = await told(run)
    const outcome = await product.outcome(delivery)
    expect(outcome, await whyOf(incident)).toMatchObject({
      action: 'auto_fix',
      fix: 'airflow_clear_task',
      state: 'resolved',
      analyzer: 'rules',
    })
    expect(await airflow.runState('orders_once', run, ['success', 'failed'])).toBe('success')
    expect(await airflow.tries('orders_once', run, 'load')).toEqual(['failed', 'success'])

    const [failure] = await seen(incident, 'task_failure')
    expect(failure?.data).toMatchObject({ dag_id: 'orders_once', task_id: 'load', run_id: run, state: 'failed' })
    expect(failure?.data.log_excerpt).toContain('source.example failed: Connection refused')
    expect((await seen(incident, 'dag_run'))[0]?.data).toMatchObject({ dag_id: 'orders_once', run_id: run })

    const message = await product.slack.waitForMessage((text) => text.includes(incident))
    expect(textOf(message)).toContain('orders_once')
    expect(messagesOf(incident)).toHaveLength(1)
  })

  it('has a DAG that always fails cleared as often as allowed, and then left to people', async () => {
    const run = await airflow.trigger('orders_always')
    const { delivery, incident } = await told(run)
    const outcome = await product.outcome(delivery)
    expect(outcome, await whyOf(incident)).toMatchObject({ fix: 'airflow_clear_task', state: 'escalated' })
    const message = await product.slack.waitForMessage((text) => text.includes(incident))
    expect(textOf(message)).toContain('load failed again')
    expect(await airflow.tries('orders_always', run, 'load')).toEqual(['failed', 'failed'])

    // The limit holds for what comes after as well, whichever incident it belongs to.
    const again = await airflow.trigger('orders_always')
    await product.outcome((await told(again)).delivery)
    expect(await airflow.runState('orders_always', again, ['success', 'failed'])).toBe('failed')
    expect(await airflow.tries('orders_always', again, 'load')).toEqual(['failed'])
    expect(messagesOf(incident)).toHaveLength(1)
  })

  it('tells which DAG failed first, when, and by which asset it feeds the one that is asked about', async () => {
    const first = await airflow.trigger('Upstream.Ingest')
    await airflow.runState('Upstream.Ingest', first, ['failed'])
    const second = await airflow.trigger('Upstream.Report')
    await airflow.runState('Upstream.Report', second, ['failed'])
    const evidence = await known('Upstream.Report')

    const [lineage] = ofKind(evidence, 'lineage')
    const [told] = lineage?.data.failed_first ?? []
    expect(told).toMatchObject({
      dag_id: 'Upstream.Ingest',
      run_id: first,
      feeds: 'Upstream.Report',
      by: ['shop.raw.orders'],
    })
    expect(Date.parse(told?.failed_at ?? '')).toBeLessThan(Date.parse(told?.before ?? ''))
    expect(lineage?.summary).toMatch(
      /^Upstream\.Ingest failed at \S+ UTC, before Upstream\.Report at \S+ UTC, and feeds it by shop\.raw\.orders\./,
    )
    const above = ofKind(evidence, 'task_failure').find(({ data }) => data.dag_id === 'Upstream.Ingest')
    expect(above?.data).toMatchObject({ run_id: first, task_id: 'fetch', state: 'failed' })
    expect(above?.data.log_excerpt).toContain('vendor.example timed out')
  })

  it('tells of the DAG that a sensor waits for that it failed first, and why', async () => {
    const at = new Date('2026-11-26T03:00:00Z')
    const first = await airflow.trigger('Waited.Source', {}, at)
    await airflow.runState('Waited.Source', first, ['failed'])
    const second = await airflow.trigger('Waiting.Report', {}, at)
    await airflow.runState('Waiting.Report', second, ['failed'])
    const evidence = await known('Waiting.Report')
    const [lineage] = ofKind(evidence, 'lineage')
    expect(lineage?.data.failed_first).toMatchObject([
      { dag_id: 'Waited.Source', run_id: first, feeds: 'Waiting.Report', tie: 'waits', by: ['wait_for_source'] },
    ])
    expect(lineage?.summary).toMatch(
      /^Waited\.Source failed at \S+ UTC, before Waiting\.Report at \S+ UTC, which waits for it in wait_for_source\./,
    )
    const why = ofKind(evidence, 'task_failure').find(({ data }) => data.dag_id === 'Waited.Source')
    expect(why?.data.log_excerpt).toContain('vendor.example timed out')
  })

  it('tells of a DAG that another one started, each from where it is asked about', async () => {
    const above = await airflow.trigger('Starting.Night')
    await airflow.runState('Starting.Night', above, ['failed'])
    const below = await airflow.onlyRun('Started.Load')

    const evidence = await known('Starting.Night')
    const [lineage] = ofKind(evidence, 'lineage')
    expect(lineage?.data.failed_first).toMatchObject([
      { dag_id: 'Started.Load', run_id: below, feeds: 'Starting.Night', tie: 'started', by: ['start_load'] },
    ])
    const why = ofKind(evidence, 'task_failure').find(({ data }) => data.dag_id === 'Started.Load')
    expect(why?.data.log_excerpt).toContain('no orders of today')

    const [other] = ofKind(await known('Started.Load'), 'lineage')
    expect(other?.summary).toBe('Started.Load was started by Starting.Night.')
    expect(other?.data.upstream).toEqual(['Starting.Night'])
    // It failed as well, but after, and because of this one.
    expect(other?.data).not.toHaveProperty('failed_first')
  })

  it('tells of a task that waits to be retried how many retries are left', async () => {
    const run = await airflow.trigger('Stock.Retried')
    await airflow.taskState('Stock.Retried', run, 'fetch', 'up_for_retry')
    const [failure] = ofKind(await known('Stock.Retried'), 'task_failure')
    expect(failure?.data).toMatchObject({
      run_id: run,
      task_id: 'fetch',
      state: 'up_for_retry',
      try_number: 1,
      max_tries: 2,
      retries_left: 2,
    })
    expect(failure?.data.log_excerpt).toContain('vendor.example timed out')
    expect(failure?.summary).toContain('2 retries left')
  })

  it('tells of a run that waited for an asset what wrote it', async () => {
    const maker = await airflow.trigger('Stock.Make')
    await airflow.runState('Stock.Make', maker, ['success'])
    const reader = await until('the asset starts its reader', async () => {
      const run = await airflow.onlyRun('Stock.Read').catch(() => null)
      return { done: run !== null, value: run ?? '', seen: 'no run' }
    })
    await airflow.runState('Stock.Read', reader, ['failed'])
    const evidence = await known('Stock.Read')
    const started = ofKind(evidence, 'lineage').find(({ summary }) => summary.includes('was started by'))
    expect(started?.summary).toContain('shop.raw.stock, which Stock.Make wrote at')
    expect(started?.data.upstream).toEqual(expect.arrayContaining(['shop.raw.stock', 'Stock.Make']))
    expect(ofKind(evidence, 'dag_run').find(({ data }) => data.dag_id === 'Stock.Make')?.data).toMatchObject({
      run_id: maker,
      state: 'success',
    })
  })

  it('tells why the file of a DAG can not be imported', async () => {
    await airflow.breakFile()
    const [state] = ofKind(await known('Stock.Brittle'), 'dag_state')
    expect(state?.summary).toContain('can not be imported')
    expect(state?.data.import_error).toContain("cannot import name 'normalize' from 'stock_rules'")
  })

  it('tells of a pool that is full, and how many wait for it', async () => {
    await airflow.pool('narrow', 1)
    await airflow.trigger('Stock.Crowded')
    const pool = await until('one runs and one waits', async () => {
      const [full] = ofKind(await known('Stock.Crowded', 'pipeline_delay'), 'pool_state')
      return { done: full !== undefined, value: full, seen: 'no full pool' }
    })
    expect(pool?.data).toMatchObject({ pool: 'narrow', slots: 1, occupied: 1, waiting: 1 })
  })

  it('has a task that is stuck seen as such, and started again', async () => {
    const well = await airflow.trigger('orders_stuck')
    await airflow.runState('orders_stuck', well, ['success'])
    const stuck = await airflow.trigger('orders_stuck', { stuck: true })
    await airflow.taskState('orders_stuck', stuck, 'load', 'running')
    const asset = { kind: 'dag' as const, name: 'orders_stuck', native: { dag_id: 'orders_stuck', run_id: stuck } }
    // As it is looked at in ten minutes.
    const now = new Date(Date.now() + 600_000)
    const question = { asset, category: 'pipeline_delay' as const, environment: null, alerts: [], now }
    const systems = systemsOf(instanceOf(connector, settings))
    const { evidence } = await gatherEvidence(question, { systems, from: [connector], perSystemMs: 12_000 })
    const [slow] = ofKind(evidence, 'task_failure')
    expect(slow?.data).toMatchObject({ run_id: stuck, task_id: 'load', state: 'running', try_number: 1 })

    const target = 'orders_stuck.load'
    const params = airflowClearTask.plan(target, evidence) ?? expect.fail('There is no plan.')
    const fix = { template: airflowClearTask.template, target, params }
    const soon = () => AbortSignal.timeout(30_000)
    expect(await airflowClearTask.dryRun(fix, settings, soon())).toContain('load (running)')
    await airflowClearTask.execute(fix, 'inc_9:1:airflow_clear_task:orders_stuck.load', settings, soon())
    expect(await airflow.runState('orders_stuck', stuck, ['success', 'failed'])).toBe('success')
    expect(await airflowClearTask.verify(fix, settings, soon(), unasked)).toMatchObject({ state: 'well' })
  })

  /** What is gathered about a DAG's failure, by name alone. */
  async function known(dagId: string, category: Category = 'pipeline_failure'): Promise<Evidence[]> {
    const asset = { kind: 'dag' as const, name: dagId.toLowerCase(), native: { dag_id: dagId } }
    const question = { asset, category, environment: null, alerts: [], now: new Date() }
    const systems = systemsOf(instanceOf(connector, settings))
    return (await gatherEvidence(question, { systems, from: [connector], perSystemMs: 12_000 })).evidence
  }

  /** The delivery by which the callback of a run was first heard, and the incident that it led to. */
  function told(run: string): Promise<z.infer<typeof Told>> {
    return until(`the callback of run ${run} is heard`, async () => {
      const found = await product.store.transaction((query) =>
        query.first(
          Told,
          sql`select raw_id as delivery, incident from alerts
              where alert ->> 'external_id' = ${run} and incident is not null order by received_at limit 1`,
        ),
      )
      return { done: found !== null, value: found, seen: 'silence' }
    })
  }

  /** What was known, what guardrails changed and how the fix went, for a failure's message. */
  async function whyOf(incident: string): Promise<string> {
    const evidence = (await loadEvidence(product.store, incident)).map(({ kind, summary }) => `${kind}: ${summary}`)
    const decided = await product.store.transaction((query) =>
      query.rows(z.object({ decision: z.unknown() }), sql`select decision from decisions where incident = ${incident}`),
    )
    const fixed = await product.store.transaction((query) =>
      query.rows(
        z.object({ action: z.unknown() }),
        sql`select to_json(actions) as action from actions where incident = ${incident}`,
      ),
    )
    return [...evidence, JSON.stringify(decided), JSON.stringify(fixed)].join('\n')
  }

  async function seen<K extends EvidenceKind>(incident: string, kind: K): Promise<EvidenceOf<K>[]> {
    const evidence = await loadEvidence(product.store, incident)
    return ofKind(evidence, kind).filter(({ source }) => source === 'airflow')
  }

  function messagesOf(incident: string): string[] {
    return product.slack.messages.map(textOf).filter((text) => text.includes(incident))
  }
})
