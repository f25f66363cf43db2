import { z } from 'zod'
import { Remediation } from '../domain/decision.ts'
import { reminderMs, schedule } from '../domain/schedule.ts'
import { type PlannedAction, planAction } from './actions.ts'
import { endAlerts } from './alerts.ts'
import { type Access, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { closeIncident, transition } from './incidents.ts'
import { sql } from './sql.ts'

const who = 'auto_remediate'

/** The fix that an incident waits for, and whether it has had its time. Null when none is under way. */
export function loadFix(access: Access, incident: string) {
  return within(access, (query) =>
    query.first(
      z.object({ key: z.string(), revision: z.number().int(), remediation: Remediation, overdue: z.boolean() }),
      sql`select key, actions.revision, remediation,
            coalesce(sent_at, created_at) + make_interval(secs => ${schedule.fixDeadlineMs / 1000}) < now() as overdue
          from actions join incidents on incidents.tenant = actions.tenant and incidents.id = actions.incident
          where incident = ${incident} and kind = 'fix' and remediation is not null
            and incidents.state in ('fixing', 'verifying')
          order by actions.revision desc, created_at desc limit 1`,
    ),
  )
}

/** The fix ran: from here on its target is watched. Again it changes nothing. */
export async function beginVerifying(access: Access, incident: string, why: string): Promise<void> {
  await within(access, async (query) => {
    if (!(await transition(query, incident, ['fixing'], 'verifying', who, why))) return
    await removeDue(query, incident, ['fix'])
    await scheduleDue(query, { kind: 'verify', subject: incident, inMs: schedule.verifyMs })
  })
}

/** What was fixed is well: the incident is over, and people are told. Again it changes nothing. */
export async function resolveFix(
  access: Access,
  incident: string,
  revision: number,
  why: string,
  messages: readonly PlannedAction[],
): Promise<void> {
  await within(access, async (query) => {
    if (!(await closeIncident(query, incident, 'fixed', { who, why }))) return
    await query.run(
      sql`update actions set state = 'confirmed', changed_at = now()
          where incident = ${incident} and kind = 'fix' and state = 'sent'`,
    )
    for (const message of messages) await planAction(query, incident, revision, message)
  })
}

/**
 * The fix did not help: it is people's now. When the monitor has reported meanwhile that all is well, they are told
 * what was tried, and the incident is over. Again it changes nothing.
 */
export async function escalateFix(
  access: Access,
  incident: string,
  revision: number,
  why: string,
  messages: readonly PlannedAction[],
): Promise<void> {
  await within(access, async (query) => {
    if (!(await transition(query, incident, ['fixing', 'verifying'], 'escalated', who, why))) return
    await endAlerts(query, incident, 'notified', why.slice(0, 500))
    await removeDue(query, incident, ['fix', 'verify', 'page_deadline'])
    const row = await query.first(
      z.object({ resolved: z.boolean() }),
      sql`select resolved_seen_at is not null as resolved from incidents where id = ${incident}`,
    )
    if (row?.resolved) {
      await closeIncident(query, incident, 'resolve', { who, why: 'its monitor reported the end meanwhile' })
    } else {
      await scheduleDue(query, { kind: 'reminder', subject: incident, inMs: reminderMs(null) })
    }
    for (const message of messages) await planAction(query, incident, revision, message)
  })
}
