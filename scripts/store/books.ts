import { z } from 'zod'
import { AlertEndState } from '../domain/incident.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** Every alert that was accepted, by where it ended. */
export interface Account {
  /** Bodies kept. */
  payloads: number
  /** Bodies in which there was no alert: a handshake, a test. */
  withoutAlert: number
  alerts: number
  /** Bodies that could not be read count as `dead_letter`. */
  byEndState: Record<AlertEndState, number>
  /** Alerts without an end, of any age: their incidents are undecided, or are being fixed. */
  open: number
  /** Those of them that should have one by now. */
  unfinished: string[]
}

const Overdue = z.object({
  payload: z.string(),
  position: z.number(),
  incident: z.string().nullable(),
  received_at: z.date(),
})

/** Proves that everything accepted has ended somewhere, or shows what has not within `overdueAfterMs`. */
export function accountOfAlerts(
  access: Access,
  { overdueAfterMs = 3_600_000, limit = 100 }: { overdueAfterMs?: number; limit?: number } = {},
): Promise<Account> {
  return within(access, async (query) => {
    const counted = await query.rows(
      z.object({ end_state: AlertEndState.nullable(), count: z.number() }),
      sql`select end_state, count(*)::int as count from alerts group by end_state`,
    )
    const bodies = await query.first(
      z.object({ payloads: z.number(), unread: z.number(), without: z.number() }),
      sql`select count(*)::int as payloads,
            (count(*) filter (where not has_alert and has_letter))::int as unread,
            (count(*) filter (where not has_alert and not has_letter))::int as without
          from (
            select exists (select from alerts where tenant = raw.tenant and raw_id = raw.id) as has_alert,
              exists (select from dead_letters where tenant = raw.tenant and original_id = raw.id) as has_letter
            from raw_payloads as raw
          ) as bodies`,
    )
    const overdue = await query.rows(
      Overdue,
      sql`select raw_id as payload, position, incident, received_at from alerts
          where end_state is null and received_at < now() - make_interval(secs => ${overdueAfterMs / 1000})
          order by received_at, raw_id, position limit ${limit}`,
    )
    const byEndState = noEnds()
    for (const { end_state, count } of counted) if (end_state) byEndState[end_state] += count
    byEndState.dead_letter += bodies?.unread ?? 0
    return {
      payloads: bodies?.payloads ?? 0,
      withoutAlert: bodies?.without ?? 0,
      alerts: counted.reduce((sum, { count }) => sum + count, 0),
      byEndState,
      open: counted.find(({ end_state }) => end_state === null)?.count ?? 0,
      unfinished: overdue.map(describe),
    }
  })
}

function describe({ payload, position, incident, received_at }: z.infer<typeof Overdue>): string {
  return `alert ${position} of execution ${payload}, received ${received_at.toISOString()}, ${incident ?? 'no incident'}`
}

/** Of these executions (by originalId), the ones whose delivery is kept here, as a dead letter at least. */
export async function knownExecutions(access: Access, originalIds: readonly string[]): Promise<Set<string>> {
  const rows = await within(access, (query) =>
    query.rows(
      z.object({ id: z.string() }),
      sql`select id from raw_payloads where id = any(${originalIds})
          union select original_id from dead_letters where original_id = any(${originalIds})`,
    ),
  )
  return new Set(rows.map((row) => row.id))
}

function noEnds(): Record<AlertEndState, number> {
  return {
    folded: 0,
    dismissed: 0,
    logged: 0,
    notified: 0,
    fixed: 0,
    ignored: 0,
    silenced: 0,
    observed: 0,
    would_dismiss: 0,
    dead_letter: 0,
  }
}
