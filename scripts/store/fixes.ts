import { z } from 'zod'
import { Remediation } from '../domain/decision.ts'
import { reminderMs, schedule } from '../domain/schedule.ts'
import { ActionState, type PlannedAction, planAction } from './actions.ts'
import { endAlerts } from './alerts.ts'
import { type Access, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { highestTier } from './evidence.ts'
import { endFixRun, type FixOutcome } from './fix-runs.ts'
import { closeIncident, transition } from './incidents.ts'
import { sql } from './sql.ts'

const who = 'auto_remediate'

const Fix = z.object({
  key: z.string(),
  revision: z.number().int(),
  remediation: Remediation,
  state: ActionState,
  /** What came of the last attempt: what was done, or why it was not. */
  detail: z.string().nullable(),
  planned_at: z.date(),
  /** Whether the incident waits for it. */
  underWay: z.boolean(),
  /** Whether it has had its time. */
  overdue: z.boolean(),
  /** Whether the flow that was to take it back has had its time as well. */
  abandoned: z.boolean(),
})
export type Fix = z.infer<typeof Fix>

/** The latest fix of an incident, whatever became of it. Null when there never was one. */
export function loadFix(access: Access, incident: string): Promise<Fix | null> {
  return within(access, (query) =>
    query.first(
      Fix,
      sql`select key, actions.revision, remediation, actions.state,
            coalesce(result ->> 'reference', result ->> 'reason') as detail,
            incidents.state in ('fixing', 'verifying') as "underWay", actions.created_at as planned_at,
            coalesce(sent_at, created_at) + make_interval(secs => ${schedule.fixDeadlineMs / 1000}) < now() as overdue,
            coalesce(sent_at, created_at)
              + make_interval(secs => ${(schedule.fixDeadlineMs + schedule.takeBackMs) / 1000}) < now() as abandoned
          from actions join incidents on incidents.tenant = actions.tenant and incidents.id = actions.incident
          where incident = ${incident} and kind = 'fix' and remediation is not null
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
    await endFixRun(query, incident, 'well', why)
    await query.run(
      sql`update actions set state = 'confirmed', changed_at = now()
          where incident = ${incident} and kind = 'fix' and state = 'sent'`,
    )
    for (const message of messages) await planAction(query, incident, revision, message)
  })
}

/**
 * The fix did not help: it is people's now, and not tried again. When the monitor has reported meanwhile that all is
 * well, they are told what was tried, and the incident is over. `messages` is given what they are told besides. Again it
 * changes nothing.
 */
export async function escalateFix(
  access: Access,
  incident: string,
  revision: number,
  {
    why,
    outcome,
    messages,
  }: { why: string; outcome: FixOutcome; messages(also: string[]): Promise<readonly PlannedAction[]> },
): Promise<void> {
  await within(access, async (query) => {
    if (!(await transition(query, incident, ['fixing', 'verifying'], 'escalated', who, why))) return
    const { switchedOff } = await endFixRun(query, incident, outcome, why)
    await query.run(sql`update actions set not_before = null where incident = ${incident} and kind = 'fix'`)
    await endAlerts(query, incident, 'notified', why.slice(0, 500))
    await removeDue(query, incident, ['fix', 'verify', 'page_deadline'])
    const row = await query.first(
      z.object({ resolved: z.boolean() }),
      sql`select resolved_seen_at is not null as resolved from incidents where id = ${incident}`,
    )
    if (row?.resolved) {
      await closeIncident(query, incident, 'resolve', { who, why: 'its monitor reported the end meanwhile' })
    } else {
      const inMs = reminderMs(await highestTier(query, incident, revision))
      await scheduleDue(query, { kind: 'reminder', subject: incident, inMs })
    }
    for (const message of await messages(switchedOff ? [switchedOff] : []))
      await planAction(query, incident, revision, message)
  })
}
