import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dbt } from '../../scripts/connectors/dbt.ts'
import type { Asset } from '../../scripts/domain/alert.ts'
import { Evidence, type EvidenceKind } from '../../scripts/domain/evidence.ts'
import { contextOf } from '../support/systems.ts'
import { type Shop, startShop } from './support/dbt.ts'

let shop: Shop
beforeAll(async () => {
  shop = await startShop()
}, 400_000)
afterAll(() => shop?.stop())

const revenue: Asset = { kind: 'table', name: 'shop.analytics.fct_revenue' }

async function ask(asset: Asset) {
  const question = { asset, category: 'data_quality' as const, environment: null, alerts: [], now: new Date() }
  const drafts = await dbt.gather(question, contextOf(dbt, { DBT_ARTIFACTS: shop.artifacts }))
  for (const [index, draft] of drafts.entries()) Evidence.parse({ ...draft, id: `ev_${index + 1}` })
  return (kind: EvidenceKind) => drafts.filter((draft) => draft.kind === kind).map(({ data }) => data)
}

describe('a real dbt project', { timeout: 240_000 }, () => {
  test('that is well: lineage, owner and exposure, and nothing that failed', async () => {
    expect(await shop.dbt('build')).toMatchObject({ status: 0 })
    expect(await shop.dbt('source', 'freshness')).toMatchObject({ status: 0 })
    const of = await ask(revenue)
    expect(of('dbt_model')).toMatchObject([{ unique_id: 'model.shop.fct_revenue', status: 'success' }])
    expect(of('dbt_test')).toEqual([])
    expect(of('lineage')).toMatchObject([
      { upstream: ['shop.analytics.stg_orders', 'shop.raw.orders'], exposures: ['revenue_board'] },
    ])
    expect(of('catalog_entry')).toMatchObject([
      { asset: 'shop.analytics.fct_revenue', owner: 'Finance Data', tier: 1, consumers: ['revenue_board'] },
      { asset: 'revenue_board', owner: 'CFO office', below: 'shop.analytics.fct_revenue' },
    ])
  })

  test('whose source has a null: the test that failed, its column and its condition', async () => {
    await shop.sql('update raw.orders set amount = null where order_id <= 3')
    expect((await shop.dbt('build')).status).toBe(1)
    const of = await ask(revenue)
    expect(of('dbt_test')).toMatchObject([
      {
        unique_id: expect.stringContaining('not_null_stg_orders_amount'),
        status: 'fail',
        failures: 3,
        column: 'amount',
        condition: expect.stringContaining('amount is null'),
      },
    ])
    expect(of('dbt_model')).toMatchObject([{ unique_id: 'model.shop.fct_revenue', status: 'skipped' }])
  })

  test('whose source is late: how late, and what was promised', async () => {
    await shop.sql("update raw.orders set loaded_at = now() - interval '30 hours'")
    expect((await shop.dbt('source', 'freshness')).status).toBe(1)
    const [late] = (await ask(revenue))('source_freshness')
    expect(late).toMatchObject({
      source: 'shop.raw.orders',
      status: 'error',
      warn_after_hours: 12,
      error_after_hours: 24,
    })
    expect(Number(Object(late).age_hours)).toBeCloseTo(30, 0)
  })

  test('whose source lost a column: the model that broke on it, and the column', async () => {
    await shop.sql('alter table raw.orders drop column amount')
    expect((await shop.dbt('run')).status).toBe(1)
    expect((await ask(revenue))('dbt_model')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          unique_id: 'model.shop.stg_orders',
          status: 'error',
          message: expect.stringContaining('column "amount" does not exist'),
        }),
      ]),
    )
  })

  test('after `dbt docs generate`, which overwrites the results: they are not believed', async () => {
    await shop.dbt('docs', 'generate')
    const of = await ask(revenue)
    expect(of('dbt_model')).toEqual([])
    expect(of('lineage')).toMatchObject([{ columns: expect.any(Number), columns_at: expect.any(String) }])
  })

  test('and by its catalogue: what the source declares and the database has no more', async () => {
    const [lineage] = (await ask({ kind: 'table', name: 'shop.raw.orders' }))('lineage')
    expect(lineage).toMatchObject({ built_otherwise: expect.arrayContaining(['amount is declared and not there']) })
  })
})
