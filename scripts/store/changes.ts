import { z } from 'zod'
import type { Change } from '../domain/change.ts'
import { spellDuration } from '../domain/duration.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { type Access, within } from './connection.ts'
import { sql, text } from './sql.ts'

/** Keeps what was changed. Told twice it is kept once. */
export async function keepChanges(access: Access, changes: readonly Change[]): Promise<void> {
  await within(access, async (query) => {
    for (const { id, what, ref, by, at, environment, assets, files, summary } of changes) {
      await query.run(
        sql`insert into changes (tenant, id, what, ref, who, at, environment, assets, files, summary)
            values (current_setting('dim.tenant'), ${id}, ${what}, ${ref && text(ref)}, ${by && text(by)}, ${at},
              ${environment}, ${assets.map(text)}, ${files.map(text)}, ${text(summary)})
            on conflict do nothing`,
      )
    }
  })
}

const Row = z.object({
  what: z.string(),
  ref: z.string().nullable(),
  who: z.string().nullable(),
  at: z.date(),
  files: z.array(z.string()),
  summary: z.string(),
})

/**
 * What was changed in the 72 hours before, as evidence, the nearest first: what names the asset, and what names none and
 * went to the same environment.
 */
export async function changesBefore(
  access: Access,
  { asset, environment, at }: { asset: string | null; environment: string | null; at: Date },
  limit: number,
): Promise<EvidenceDraft[]> {
  const found = await within(access, (query) =>
    query.rows(
      Row,
      sql`select what, ref, who, at, files, summary from changes
          where at <= ${at} and at > ${at}::timestamptz - interval '72 hours'
            and (${asset?.toLowerCase() ?? null}::text = any(assets) or assets = '{}')
            and (environment is null or ${environment}::text is null or environment = ${environment})
          order by at desc limit ${limit}`,
    ),
  )
  return found.map(({ what, ref, who, at: when, files, summary }) => ({
    source: 'change',
    kind: 'change',
    asset,
    observed_at: at.toISOString(),
    summary: `${spellDuration((at.getTime() - when.getTime()) / 1000)} before: ${summary}${who ? `, by ${who}` : ''}.`,
    data: { what, ref, by: who, at: when.toISOString(), files: files.slice(0, 20) },
  }))
}
