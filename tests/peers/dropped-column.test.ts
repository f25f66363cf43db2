import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../engine/postgres/system.ts'
import { gatherEvidence } from '../../scripts/connectors/gathering/gather.ts'
import { loadSystems } from '../../scripts/connectors/gathering/systems.ts'
import { draftCatalog } from '../../scripts/domain/catalog-draft.ts'
import { type Evidence, type EvidenceKind, ofKind } from '../../scripts/domain/evidence.ts'
import { loadEvidence } from '../../scripts/store/evidence.ts'
import { sql } from '../../scripts/store/sql.ts'
import { keptTables } from '../../scripts/store/warehouses.ts'
import { libraryIn } from '../../scripts/workflow/library.ts'
import { surveySystems } from '../../scripts/workflow/survey.ts'
import { type Product, startProduct, until } from '../e2e/product.ts'
import { textOf } from '../stand-ins/slack.ts'
import { airflowSettings, type RealAirflow, startRealAirflow } from './support/airflow.ts'
import { type Shop, startShop } from './support/dbt.ts'

const hourMs = 3_600_000
/** In five hours, to the minute; whatever the time is now, that is the nearest. */
const promised = new Date(Math.floor((Date.now() + 5 * hourMs) / 60_000) * 60_000)

const catalog = `
assets:
  - { name: shop.raw.orders, kind: table, tier: 2, owner: ingest-team }
  - name: shop.analytics.fct_revenue
    kind: table
    tier: 1
    owner: finance-data
    channel: '#finance-data'
    sla: { deadline: '${promised.toISOString().slice(11, 16)}', zone: UTC }
`

/**
 * A source loses a column. Nothing here is recorded: the column goes in a real PostgreSQL, a real dbt's test notices, the
 * real Airflow's task that runs it fails, and its callback is all that the product is told.
 */
describe('a column that is dropped in the source', { timeout: 400_000 }, () => {
  let folder: string
  let shop: Shop
  let product: Product
  let airflow: RealAirflow
  let settings: Record<string, string>
  let incident: string
  let evidence: Evidence[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-story-'))
    await cp(join(import.meta.dirname, '..', '..', 'config'), folder, { recursive: true })
    await writeFile(join(folder, 'catalog.yaml'), catalog)
    shop = await startShop()
    expect(await shop.dbt('build')).toMatchObject({ status: 0 })
    const port = await freePort()
    settings = {
      DIM_CONFIG_DIR: folder,
      DBT_ARTIFACTS: shop.artifacts,
      WAREHOUSE_URL: shop.warehouseUrl,
      ...airflowSettings(port),
    }
    product = await startProduct('dropped-column', ({ slack }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      ...settings,
    }))
    airflow = await startRealAirflow({
      port,
      webhookUrl: product.stack.webhookUrl,
      environment: { ...shop.environment, SHOP_DBT: shop.command },
    })
    await until('the clock has seen the project and the tables as they were', async () => {
      await product.tick()
      const kept = await keptTables(product.store, 'postgres')
      return { done: kept.length === 2, value: kept, seen: kept.join() }
    })
    await shop.sql('alter table raw.orders drop column amount')
    await airflow.trigger('Shop.Daily')
    const told = await until('the callback is heard and decided', async () => {
      const found = await product.store.transaction((query) =>
        query.first(
          z.object({ delivery: z.string(), incident: z.string() }),
          sql`select raw_id as delivery, incident from alerts where incident is not null order by received_at limit 1`,
        ),
      )
      return { done: found !== null, value: found, seen: 'silence' }
    })
    await product.outcome(told.delivery)
    incident = told.incident
    evidence = await loadEvidence(product.store, incident)
  })
  afterAll(async () => {
    await airflow?.stop()
    await product?.stop()
    await shop?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const of = <K extends EvidenceKind>(kind: K) => ofKind(evidence, kind).map(({ data }) => data)

  test('the task that failed, and what dbt itself said in its log', () => {
    const [failure] = of('task_failure')
    expect(failure).toMatchObject({ dag_id: 'Shop.Daily', task_id: 'dbt_build', state: 'failed' })
    expect(failure?.log_excerpt).toContain('Failure in test source_has_column_raw_orders_amount')
  })

  test('the test and its column', () => {
    expect(of('dbt_test')).toContainEqual(
      expect.objectContaining({
        unique_id: expect.stringContaining('source_has_column_raw_orders_amount'),
        status: 'fail',
        column: 'amount',
        table: 'shop.raw.orders',
      }),
    )
  })

  test('the column itself, as its warehouse tells', () => {
    expect(of('schema_change')).toContainEqual(
      expect.objectContaining({ table: 'shop.raw.orders', change: 'dropped', column: 'amount', before: 'numeric' }),
    )
  })

  test('the models below, the exposure, and whose it is', () => {
    expect(of('lineage')).toContainEqual(
      expect.objectContaining({
        downstream: expect.arrayContaining(['shop.analytics.stg_orders', 'shop.analytics.fct_revenue']),
        exposures: ['revenue_board'],
        exposure_owners: ['CFO office'],
      }),
    )
  })

  test('the promise that suffers, whose it is, and how much time is left', () => {
    const entry = of('catalog_entry').find(({ asset }) => asset === 'shop.analytics.fct_revenue')
    expect(entry).toMatchObject({ owner: 'finance-data', tier: 1, sla_deadline: promised.toISOString() })
    expect(entry?.sla_minutes_left).toBeGreaterThan(240)
    expect(entry?.sla_minutes_left).toBeLessThanOrEqual(300)
  })

  test('people are told of it, those whose promise suffers among them', async () => {
    const message = textOf(await product.slack.waitForMessage((text) => text.includes(incident)))
    expect(message).toContain('Shop.Daily')
    expect(message).toContain('column amount dropped')
    // Whose DAG it is, by Airflow; and whose promise suffers, by the catalogue.
    expect(message).toContain('shop-platform')
    expect(message).toContain('finance-data')
  })

  test('the other way round, a table leads to its model, to the DAG that makes it, and to who owns that', async () => {
    const asset = { kind: 'table' as const, name: 'shop.analytics.fct_revenue' }
    const question = { asset, category: 'freshness' as const, environment: null, alerts: [], now: new Date() }
    const found = await gatherEvidence(question, {
      systems: await loadSystems(settings),
      library: libraryIn(product.store),
      perSystemMs: 10_000,
    })
    expect(ofKind(found.evidence, 'dbt_model')[0]?.data).toMatchObject({ unique_id: 'model.shop.fct_revenue' })
    expect(ofKind(found.evidence, 'dag_run')[0]?.data).toMatchObject({ dag_id: 'Shop.Daily', state: 'failed' })
    expect(ofKind(found.evidence, 'dag_state')[0]?.data).toMatchObject({ owners: ['shop-platform'] })
    expect(ofKind(found.evidence, 'catalog_entry')[0]?.data).toMatchObject({ owner: 'finance-data' })
  })

  test('a catalogue is drafted from all three of them', async () => {
    const surveyed = await surveySystems((await loadSystems(settings)).all)
    expect(surveyed.map(({ system, fault }) => [system.name, fault])).toEqual([
      ['dbt', null],
      ['airflow', null],
      ['postgres', null],
    ])
    const drafts = draftCatalog(
      surveyed.flatMap(({ findings }) => findings),
      { assets: [] },
    )
    expect(drafts.map(({ entry }) => entry)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'shop.analytics.fct_revenue',
          owner: 'Finance Data',
          tier: 1,
          dag: 'Shop.Daily',
        }),
        expect.objectContaining({ name: 'Shop.Daily', kind: 'dag', owner: 'shop-platform' }),
        expect.objectContaining({ name: 'revenue_board', kind: 'dashboard', owner: 'CFO office' }),
      ]),
    )
    const revenue = drafts.find(({ entry }) => entry.name === 'shop.analytics.fct_revenue')
    expect(revenue?.notes).toContainEqual(expect.stringMatching(/^postgres: about \d+ rows$/))
  })
})
