import { z } from 'zod'
import { type Alert, Asset, type Severity, sourceKey } from '../domain/alert.ts'
import { assetKey, readIdentity } from '../domain/fingerprint.ts'
import { notAhead } from '../domain/fold.ts'
import type { Neighbour } from '../domain/grouping.ts'
import { IncidentState } from '../domain/incident.ts'
import { schedule } from '../domain/schedule.ts'
import { type Spot, spotOf } from '../domain/spot.ts'
import type { Query } from './connection.ts'
import { lineageOf } from './lineage.ts'
import { json, type Statement, sql } from './sql.ts'

/** The severities from mild to bad, so that the greater index is the worse one. */
export const mildFirst: readonly Severity[] = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']

/** A firing of a condition: it is part of the incident, and not over. Parts of a `with`, of whose names `held` is one. */
export function heldIn(incident: string, alert: Alert, now: Date): Statement {
  const start = notAhead(alert.started_at, now)
  const read = readIdentity(alert)
  const { node, scope, environment, platform } = spotOf(alert)
  return sql`held as (
      update conditions set resolved_at = null, last_seen_at = ${now}, latest_start = greatest(latest_start, ${start}),
        severity = case when array_position(${mildFirst}::text[], severity) < array_position(${mildFirst}::text[], ${alert.severity})
          then ${alert.severity} else severity end,
        read_fingerprint = ${read.fingerprint}, read_asset_key = ${read.assetKey},
        instance = coalesce(${alert.instance ?? null}, instance)
      where incident = ${incident} and fingerprint = ${alert.fingerprint} returning 1
    ), added as (
      insert into conditions (tenant, incident, fingerprint, asset_key, node, scope, environment, platform, severity,
        category, title, source, asset, opened_at, last_seen_at, latest_start, read_fingerprint, read_asset_key, instance)
      select current_setting('dim.tenant'), ${incident}, ${alert.fingerprint},
        ${assetKey(alert.asset, alert.environment)}, ${node}, ${scope}, ${environment}, ${platform}, ${alert.severity},
        ${alert.category}, ${alert.title}, ${sourceKey(alert)}, ${alert.asset && json(alert.asset)}::jsonb,
        ${now}::timestamptz, ${now}::timestamptz, ${start}::timestamptz, ${read.fingerprint}, ${read.assetKey},
        ${alert.instance ?? null}
      where not exists (select from held)
    )`
}

/** Ends one condition of an incident. */
export async function endCondition(query: Query, incident: string, fingerprint: string): Promise<void> {
  await query.run(
    sql`update conditions set resolved_at = now()
        where incident = ${incident} and resolved_at is null and fingerprint = ${fingerprint}`,
  )
}

/** Ends the conditions of an asset. Answers whether others of its incident are not over. */
export async function endAsset(query: Query, incident: string, assetKey: string | null): Promise<'some' | 'none'> {
  await query.run(
    sql`update conditions set resolved_at = now()
        where incident = ${incident} and resolved_at is null and asset_key = ${assetKey}`,
  )
  const left = await query.first(
    z.object({}),
    sql`select from conditions where incident = ${incident} and resolved_at is null limit 1`,
  )
  return left ? 'some' : 'none'
}

const Near = z.object({ id: z.string(), nodes: z.array(z.string()), isStranger: z.boolean() })

/** What the lineage and the store say is around an asset. */
export interface Surroundings {
  /** Open incidents, oldest first, their rows locked. */
  neighbours: Neighbour[]
  up: ReadonlyMap<string, number>
  down: ReadonlyMap<string, number>
}

/** Open incidents near a spot that were heard of lately; never one of another environment, or of a platform. */
export async function readSurroundings(query: Query, spot: Spot, now: Date, except = ''): Promise<Surroundings> {
  if (spot.node === null) return { neighbours: [], up: new Map(), down: new Map() }
  const { node, scope, environment } = spot
  const { up, down } = await lineageOf(query, node)
  const since = new Date(now.getTime() - schedule.groupMs)
  const near = await query.rows(
    Near,
    sql`select incident as id, array_agg(distinct node) as nodes, bool_or(node = ${node} and scope <> ${scope}) as "isStranger"
        from conditions
        where resolved_at is null and node = any(${[node, ...up.keys(), ...down.keys()]}) and last_seen_at > ${since}
          and environment is not distinct from ${environment} and incident <> ${except}
        group by incident`,
  )
  if (near.length === 0) return { neighbours: [], up, down }
  const found = new Map(near.map((one) => [one.id, one]))
  const locked = await query.rows(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents where id = any(${[...found.keys()]}) and closed_at is null and platform is null
          and not exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id
            and quieted.kind = 'silence')
        order by opened_at, id for update`,
  )
  const neighbours = locked.map(({ id, state }) => {
    const { nodes, isStranger } = found.get(id) ?? { nodes: [], isStranger: true }
    return { id, state, isStranger, covers: nodes.some((one) => one === node || up.has(one)) }
  })
  return { neighbours, up, down }
}

/** Marks which conditions of an incident have another one of it upstream, now that this node is part of it. */
export async function markSources(
  query: Query,
  incident: string,
  node: string,
  { up, down }: Pick<Surroundings, 'up' | 'down'>,
): Promise<void> {
  const rows = await query.rows(
    z.object({ node: z.string() }),
    sql`select distinct node from conditions where incident = ${incident} and node is not null`,
  )
  const held = rows.map((row) => row.node)
  const below = held.filter((one) => down.has(one) && !up.has(one))
  if (held.some((one) => up.has(one) && !down.has(one))) below.push(node)
  if (below.length === 0) return
  await query.run(
    sql`update conditions set is_source = false where incident = ${incident} and node = any(${below}) and is_source`,
  )
}

/**
 * The most upstream condition of an incident becomes its root: what it shows, and what is asked about. Among several
 * with nothing upstream, the one it has stays when `keep`; else the worst, then the first by name: the same whatever
 * order they came in. Whether another one became the root.
 */
export async function chooseRoot(query: Query, incident: string, keep: boolean): Promise<boolean> {
  const changed = await query.run(
    sql`with root as materialized (
          select conditions.fingerprint, conditions.asset_key, conditions.category, conditions.title, conditions.source,
            conditions.asset, conditions.environment
          from conditions join incidents on incidents.tenant = conditions.tenant and incidents.id = conditions.incident
          where incident = ${incident} and incidents.fingerprint not like 'fp_platform_%'
          order by conditions.resolved_at is not null, not is_source,
            (${keep} and conditions.fingerprint = incidents.fingerprint) desc,
            array_position(${mildFirst}::text[], conditions.severity) desc, node, conditions.fingerprint
          limit 1
        )
        update incidents set fingerprint = root.fingerprint, asset_key = root.asset_key, category = root.category,
          title = root.title, source = root.source, asset = root.asset, environment = root.environment
        from root where id = ${incident} and incidents.fingerprint <> root.fingerprint`,
  )
  return changed > 0
}

const BrokenAsset = z.object({ title: z.string(), asset: Asset.nullable(), environment: z.string().nullable() })
export type BrokenAsset = z.infer<typeof BrokenAsset>

/** What of an incident is not over: one line an asset, the worst of it. */
export function brokenAssets(query: Query, incident: string): Promise<BrokenAsset[]> {
  return query.rows(
    BrokenAsset,
    sql`select distinct on (coalesce(asset_key, fingerprint)) title, asset, environment from conditions
        where incident = ${incident} and resolved_at is null
        order by coalesce(asset_key, fingerprint), array_position(${mildFirst}::text[], severity) desc, fingerprint`,
  )
}
