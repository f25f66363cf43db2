import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** dbt's artifacts, in the shape that dbt 1.11 writes (manifest v12, run-results v6, sources v3). */
export interface DbtArtifacts {
  manifest: Record<string, unknown>
  runResults: Record<string, unknown>
  sources: Record<string, unknown>
}

type Changes = Record<string, unknown>

export function dbtModel(name: string, parents: readonly string[], changes: Changes = {}) {
  return {
    unique_id: `model.shop.${name}`,
    resource_type: 'model',
    name,
    relation_name: `"Shop"."main"."${name}"`,
    original_file_path: `models/${name}.sql`,
    group: null,
    tags: [],
    meta: {},
    config: { meta: {}, severity: null },
    columns: {},
    checksum: { name: 'sha256', checksum: `of ${name}` },
    depends_on: { macros: [], nodes: parents },
    ...changes,
  }
}

export function dbtTest(name: string, parent: string, changes: Changes = {}) {
  return {
    ...dbtModel(name, [parent]),
    unique_id: `test.shop.${name}`,
    resource_type: 'test',
    relation_name: null,
    config: { meta: {}, severity: 'ERROR' },
    column_name: null,
    ...changes,
  }
}

const keyed = <T extends { unique_id: string }>(nodes: readonly T[]) =>
  Object.fromEntries(nodes.map((node) => [node.unique_id, node]))

export function dbtManifest(nodes: readonly { unique_id: string }[], changes: Changes = {}): Record<string, unknown> {
  return {
    metadata: {
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      generated_at: '2026-11-20T06:00:00.000000Z',
      invocation_id: 'one',
      project_name: 'shop',
    },
    nodes: keyed(nodes),
    sources: {},
    exposures: {},
    groups: {},
    ...changes,
  }
}

/**
 * raw.orders → stg_orders → fct_revenue → the dashboard `revenue`. In the last run a test of stg_orders' amount
 * failed and fct_revenue was skipped; the source is late.
 */
export function shop(): DbtArtifacts {
  const result = (unique_id: string, status: string, changes: Changes = {}) => ({
    unique_id,
    status,
    message: null,
    failures: null,
    execution_time: 1.5,
    compiled_code: null,
    ...changes,
  })
  return {
    manifest: dbtManifest(
      [
        dbtModel('stg_orders', ['source.shop.raw.orders']),
        dbtModel('fct_revenue', ['model.shop.stg_orders'], { group: 'finance', tags: ['tier1'] }),
        dbtTest('not_null_stg_orders_amount', 'model.shop.stg_orders', { column_name: 'amount' }),
        dbtTest('unique_fct_revenue_id', 'model.shop.fct_revenue', { column_name: 'id', config: { severity: 'warn' } }),
      ],
      {
        sources: keyed([
          {
            ...dbtModel('orders', []),
            unique_id: 'source.shop.raw.orders',
            resource_type: 'source',
            source_name: 'raw',
            relation_name: '"Shop"."raw"."orders"',
            source_meta: { owner: 'ingest', slack: '#ingest' },
          },
        ]),
        exposures: keyed([
          {
            ...dbtModel('revenue', ['model.shop.fct_revenue']),
            unique_id: 'exposure.shop.revenue',
            resource_type: 'exposure',
            relation_name: null,
            type: 'dashboard',
            url: 'https://bi.example/1',
            owner: { name: 'CFO office', email: 'cfo@shop.example' },
          },
        ]),
        groups: {
          'group.shop.finance': {
            unique_id: 'group.shop.finance',
            name: 'finance',
            owner: { name: 'Finance Data', email: ['fin@shop.example'], slack: 'fin-data' },
          },
        },
      },
    ),
    runResults: {
      metadata: { generated_at: '2026-11-20T06:05:00.000000Z', invocation_id: 'one' },
      args: { which: 'build' },
      results: [
        result('model.shop.stg_orders', 'success'),
        result('test.shop.not_null_stg_orders_amount', 'fail', {
          failures: 3,
          message: 'Got 3 results, configured to fail if != 0',
          compiled_code: 'select amount\nfrom "Shop"."main"."stg_orders"\nwhere amount is null',
        }),
        result('model.shop.fct_revenue', 'skipped'),
        result('test.shop.unique_fct_revenue_id', 'pass', { failures: 0 }),
      ],
    },
    sources: {
      metadata: { generated_at: '2026-11-20T06:04:00.000000Z' },
      results: [
        {
          unique_id: 'source.shop.raw.orders',
          status: 'error',
          max_loaded_at: '2026-11-18T06:00:00+00:00',
          snapshotted_at: '2026-11-20T06:04:00+00:00',
          max_loaded_at_time_ago_in_s: 172_800,
          criteria: { warn_after: { count: 12, period: 'hour' }, error_after: { count: 1, period: 'day' } },
        },
      ],
    },
  }
}

/** As dbt leaves them in its target folder. */
export async function writeArtifacts(folder: string, { manifest, runResults, sources }: DbtArtifacts): Promise<void> {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'run_results.json'), JSON.stringify(runResults))
  await writeFile(join(folder, 'sources.json'), JSON.stringify(sources))
}
