import { type Access, within } from './connection.ts'
import { json, sql, text } from './sql.ts'

/** Adds a line to the audit log, which is only ever added to. `actor`: a person, or the part of the product that did it. */
export async function appendAudit(
  access: Access,
  entry: { actor: string; what: string; subject: string | null; detail: Record<string, unknown> },
): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`insert into audit (tenant, actor, what, subject, detail)
          values (current_setting('dim.tenant'), ${text(entry.actor)}, ${text(entry.what)}, ${entry.subject},
            ${json(entry.detail)})`,
    ),
  )
}
