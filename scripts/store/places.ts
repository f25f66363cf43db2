import { z } from 'zod'
import type { AssetEnvironment } from '../domain/asset-environment.ts'
import type { Query } from './connection.ts'
import { sql } from './sql.ts'

const Row = z.object({ family: z.string(), name: z.string(), system: z.string(), environment: z.string() })

/** Replaces what the catalogue says of which environment assets are. */
export async function replaceAssetEnvironments(query: Query, all: readonly AssetEnvironment[]): Promise<void> {
  await query.run(sql`delete from asset_environments`)
  await query.run(
    sql`insert into asset_environments (tenant, family, name, system, environment)
        select current_setting('dim.tenant'), family, name, system, environment
        from unnest(${all.map((one) => one.family)}::text[], ${all.map((one) => one.name)}::text[],
          ${all.map((one) => one.system)}::text[], ${all.map((one) => one.environment)}::text[])
          as one (family, name, system, environment)
        on conflict do nothing`,
  )
}

/** What the catalogue says of assets of these names. */
export function assetEnvironments(query: Query, names: readonly string[]): Promise<AssetEnvironment[]> {
  return query.rows(
    Row,
    sql`select family, name, system, environment from asset_environments where name = any(${[...names]}::text[])`,
  )
}
