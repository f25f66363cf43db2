import { z } from 'zod'
import { Evidence } from '../domain/evidence.ts'
import { type Access, within } from './connection.ts'
import { json, sql } from './sql.ts'

/** Keeps what was gathered for a revision of an incident, in place of what was there. */
export async function saveEvidence(
  access: Access,
  incident: string,
  revision: number,
  evidence: readonly Evidence[],
): Promise<void> {
  const items = evidence.map((item, position) => ({
    id: item.id,
    position,
    source: item.source,
    kind: item.kind,
    asset: item.asset ?? null,
    item,
  }))
  await within(access, async (query) => {
    await query.run(sql`delete from evidence where incident = ${incident} and revision = ${revision}`)
    await query.run(
      sql`insert into evidence (tenant, incident, revision, id, position, source, kind, asset, item)
          select current_setting('dim.tenant'), ${incident}, ${revision}::integer, found.*
          from jsonb_to_recordset(${json(items)}::jsonb)
            as found (id text, position integer, source text, kind text, asset text, item jsonb)`,
    )
  })
}

/** The highest tier (1) that the catalogue gives to what the incident touches; null when it gives none. */
export async function highestTier(access: Access, incident: string, revision: number): Promise<number | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ tier: z.number().nullable() }),
      sql`select min((item #>> '{data,tier}')::int) as tier from evidence
          where incident = ${incident} and revision = ${revision} and kind = 'catalog_entry'`,
    ),
  )
  return row?.tier ?? null
}

/** What was gathered for a revision, in the order it was numbered; of the current revision when none is named. */
export function loadEvidence(access: Access, incident: string, revision?: number): Promise<Evidence[]> {
  return within(access, async (query) => {
    const rows = await query.rows(
      z.object({ item: Evidence }),
      sql`select item from evidence
          where incident = ${incident}
            and revision = coalesce(${revision ?? null}::integer, (select revision from incidents where id = ${incident}))
          order by position`,
    )
    return rows.map((row) => row.item)
  })
}
