import { z } from 'zod'
import { DbtChange, DbtNode, type DbtProject, dbtChanges, dbtLineage, namesOf } from '../domain/dbt.ts'
import { type Access, type Query, within } from './connection.ts'
import { replaceLineage } from './lineage.ts'
import { json, sql } from './sql.ts'

/** A change this old is news to nobody. */
const changesKeptDays = 90

/** The stamp of the artifact that an instance's project was read from; null when none is kept. */
export async function dbtStamp(access: Access, system: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(z.object({ stamp: z.string() }), sql`select stamp from dbt_projects where system = ${system}`),
  )
  return row?.stamp ?? null
}

/**
 * Keeps a project in place of what was kept of its instance: nodes, lineage, and what changed from then to now. False
 * when this version is kept already. Of two at once the second waits, and finds it done.
 */
export function keepDbtProject(access: Access, system: string, stamp: string, project: DbtProject): Promise<boolean> {
  return within(access, async (query) => {
    const before = await lockProject(query, system, stamp, project)
    if (before === project.version) return false
    if (before !== null) await noteChanges(query, system, project)
    await query.run(
      sql`update dbt_projects set version = ${project.version}, name = ${project.name},
            generated_at = ${project.generatedAt}, read_at = now() where system = ${system}`,
    )
    await replaceNodes(query, system, project)
    await replaceLineage(query, `dbt:${system}`, project.version, dbtLineage(project))
    return true
  })
}

/** Takes the row's lock; the version that was kept, null when there was none. */
async function lockProject(query: Query, system: string, stamp: string, project: DbtProject): Promise<string | null> {
  await query.run(
    sql`insert into dbt_projects (tenant, system, name, version, stamp, generated_at)
        values (current_setting('dim.tenant'), ${system}, ${project.name}, '', ${stamp}, ${project.generatedAt})
        on conflict (tenant, system) do update set stamp = excluded.stamp`,
  )
  const row = await query.first(
    z.object({ version: z.string() }),
    sql`select version from dbt_projects where system = ${system}`,
  )
  return row?.version || null
}

async function noteChanges(query: Query, system: string, project: DbtProject): Promise<void> {
  const kept = await query.rows(z.object({ node: DbtNode }), sql`select node from dbt_nodes where system = ${system}`)
  const now = new Map(project.nodes.map((node) => [node.id, node]))
  const found = kept.flatMap(({ node }) =>
    dbtChanges(node, now.get(node.id) ?? null).map((change) => ({ node: node.id, change })),
  )
  await query.run(
    sql`insert into dbt_changes (tenant, system, node, change)
        select current_setting('dim.tenant'), ${system}, item->>'node', item->'change'
        from jsonb_array_elements(${json(found)}::jsonb) as item`,
  )
  await query.run(
    sql`delete from dbt_changes where system = ${system} and at < now() - make_interval(days => ${changesKeptDays})`,
  )
}

async function replaceNodes(query: Query, system: string, { nodes }: DbtProject): Promise<void> {
  await query.run(sql`delete from dbt_nodes where system = ${system}`)
  const rows = nodes.map((node) => ({
    id: node.id,
    kind: node.kind,
    names: namesOf(node),
    parents: node.parents,
    node,
  }))
  await query.run(
    sql`insert into dbt_nodes (tenant, system, id, kind, names, parents, node)
        select current_setting('dim.tenant'), ${system}, item->>'id', item->>'kind',
          array(select jsonb_array_elements_text(item->'names')),
          array(select jsonb_array_elements_text(item->'parents')), item->'node'
        from jsonb_array_elements(${json(rows)}::jsonb) as item
        on conflict (tenant, system, id) do nothing`,
  )
}

const Row = z.object({ node: DbtNode })

/** The nodes that one of the names may mean, in any of the ways of `nodeNamed`. */
export async function dbtNodesNamed(access: Access, system: string, names: readonly string[]): Promise<DbtNode[]> {
  const wanted = names.map((name) => name.trim().toLowerCase())
  return nodesWhere(
    access,
    sql`select node from dbt_nodes where system = ${system} and names && ${wanted}::text[] order by id limit 1000`,
  )
}

export async function dbtNodes(access: Access, system: string, ids: readonly string[]): Promise<DbtNode[]> {
  return nodesWhere(access, sql`select node from dbt_nodes where system = ${system} and id = any(${ids}) order by id`)
}

/** The files that make what one of the names means, of all projects; three at most. */
export async function dbtFiles(access: Access, names: readonly string[]): Promise<string[]> {
  const wanted = names.map((name) => name.trim().toLowerCase())
  const rows = await within(access, (query) =>
    query.rows(
      z.object({ file: z.string() }),
      sql`select distinct node->>'file' as file from dbt_nodes
          where names && ${wanted}::text[] and kind <> 'test' and node->>'file' is not null order by 1 limit 3`,
    ),
  )
  return rows.map(({ file }) => file)
}

/** The tests that look at one of these nodes. */
export async function dbtTestsOf(access: Access, system: string, ids: readonly string[]): Promise<DbtNode[]> {
  return nodesWhere(
    access,
    sql`select node from dbt_nodes
        where system = ${system} and kind = 'test' and parents && ${ids}::text[] order by id limit 1000`,
  )
}

async function nodesWhere(access: Access, statement: ReturnType<typeof sql>): Promise<DbtNode[]> {
  return (await within(access, (query) => query.rows(Row, statement))).map(({ node }) => node)
}

const Changed = z.object({ id: z.string(), at: z.date(), change: DbtChange })

/** What became of these nodes since an instant, newest first. */
export function dbtChangesOf(access: Access, system: string, ids: readonly string[], since: Date) {
  return within(access, (query) =>
    query.rows(
      Changed,
      sql`select node as id, at, change from dbt_changes
          where system = ${system} and node = any(${ids}) and at >= ${since} order by at desc, id limit 50`,
    ),
  )
}
