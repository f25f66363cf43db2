import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { type Access, within } from './connection.ts'
import { sql, text } from './sql.ts'

const Ticket = z.object({
  id: z.string(),
  incident: z.string(),
  title: z.string(),
  severity: Severity,
  created_at: z.date(),
  closed_at: z.date().nullable(),
})
export type Ticket = z.infer<typeof Ticket>

/** Opens a ticket in the store and answers its id. The same key again is the same ticket. */
export async function openTicket(
  access: Access,
  ticket: { incident: string; key: string; title: string; severity: Severity },
): Promise<string> {
  const id = `TCK-${createHash('sha256').update(ticket.key).digest('hex').slice(0, 12)}`
  await within(access, (query) =>
    query.run(
      sql`insert into tickets (tenant, id, key, incident, title, severity)
          values (current_setting('dim.tenant'), ${id}, ${ticket.key}, ${ticket.incident}, ${text(ticket.title)},
            ${ticket.severity})
          on conflict do nothing`,
    ),
  )
  return id
}

/** The latest tickets first: of one incident, or of all. */
export function listTickets(access: Access, which: { incident?: string; limit?: number } = {}): Promise<Ticket[]> {
  return within(access, (query) =>
    query.rows(
      Ticket,
      sql`select id, incident, title, severity, created_at, closed_at from tickets
          where incident = coalesce(${which.incident ?? null}, incident)
          order by created_at desc limit ${which.limit ?? 100}`,
    ),
  )
}
