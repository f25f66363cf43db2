import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { assetKey, readIdentity } from '../domain/fingerprint.ts'
import { isSuccess } from '../domain/fold.ts'
import { spotOf } from '../domain/spot.ts'
import type { Query } from './connection.ts'
import { json, sql } from './sql.ts'

const Adopted = z.object({ id: z.string(), incident: z.string(), byCheck: z.boolean(), position: z.number() })

/**
 * What is open under an identity that these alerts had before gets the one that they have now: configuration says more
 * of where an asset lives than it did, or a release does. Then a resolve, a success, a firing find what they speak of.
 * Which condition is meant is told by what the payload alone says, and by the instance where that was certain.
 */
export async function adoptIdentities(query: Query, alerts: readonly Alert[]): Promise<void> {
  const read = alerts.map(readIdentity)
  const rows = await query.rows(
    Adopted,
    sql`with told as (
          select * from unnest(${alerts.map((_, position) => position)}::int[], ${read.map((one) => one.fingerprint)}::text[],
            ${read.map((one, position) => (isSuccessAt(alerts, position) ? one.assetKey : null))}::text[],
            ${alerts.map((alert) => alert.fingerprint)}::text[], ${alerts.map(keyOf)}::text[],
            ${alerts.map(({ instance = null }) => instance)}::text[],
            ${alerts.map(({ asset }) => asset?.system == null)}::boolean[])
            as told (position, read, read_asset, fingerprint, asset_key, instance, is_alone)
        ), met as (
          select position, true as by_check, id from told join conditions on read_fingerprint = read where resolved_at is null
          union select position, true, id from told join conditions on conditions.fingerprint = read
            where resolved_at is null and read_fingerprint is null
          union select position, false, id from told join conditions on read_asset_key = read_asset
            where resolved_at is null
          union select position, false, id from told join conditions on conditions.asset_key = read_asset
            where resolved_at is null and read_fingerprint is null
        ), found as (
          select position, by_check, conditions.id, conditions.incident, conditions.fingerprint,
            case when by_check then told.fingerprint else conditions.fingerprint end as now,
            read_fingerprint, conditions.instance, told.instance as told_instance, is_alone
          from met join told using (position) join conditions on conditions.id = met.id
          where by_check and conditions.fingerprint <> told.fingerprint
            or conditions.asset_key is distinct from told.asset_key
        )
        select distinct on (id) id::text, incident, by_check as "byCheck", position
        from found
        where (read_fingerprint is null or instance is not distinct from told_instance or instance is null and is_alone)
          and (now = fingerprint or not exists (
            select from conditions as other where other.fingerprint = found.now and other.resolved_at is null))
          and (now = fingerprint or not exists (
            select from incidents where incidents.fingerprint = found.now and closed_at is null))
        order by id, by_check desc, position`,
  )
  for (const { position, ...row } of rows) {
    const alert = alerts[position]
    if (alert) await adopt(query, row, alert)
  }
}

/** A success speaks of the asset: which of its checks failed it does not say. */
async function adopt(
  query: Query,
  { id, incident, byCheck }: Omit<z.infer<typeof Adopted>, 'position'>,
  alert: Alert,
): Promise<void> {
  const { scope, environment, platform } = spotOf(alert)
  const identity = byCheck ? sql`${alert.fingerprint}` : sql`fingerprint`
  const asset = byCheck ? sql`${alert.asset && json(alert.asset)}::jsonb` : sql`asset`
  await query.run(
    sql`update incidents set fingerprint = ${identity}, asset_key = ${keyOf(alert)}, environment = ${environment},
          asset = ${asset}
        where id = ${incident} and fingerprint = (select fingerprint from conditions where id = ${id})`,
  )
  await query.run(
    sql`update conditions set fingerprint = ${identity}, asset_key = ${keyOf(alert)}, scope = ${scope},
          environment = ${environment}, platform = ${platform}, asset = ${asset}, instance = ${alert.instance ?? null}
        where id = ${id}`,
  )
}

function isSuccessAt(alerts: readonly Alert[], position: number): boolean {
  const alert = alerts[position]
  return alert !== undefined && isSuccess(alert)
}

function keyOf({ asset, environment }: Alert): string | null {
  return assetKey(asset, environment)
}
