import { z } from 'zod'
import { type Decision, Remediation } from '../domain/decision.ts'
import type { DryRun } from '../domain/dry-run.ts'
import { reminderMs } from '../domain/schedule.ts'
import { AppError } from '../lib/errors.ts'
import { type PlannedAction, planAction, quoteDryRun } from './actions.ts'
import { endAlerts } from './alerts.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { highestTier } from './evidence.ts'
import { lockIncident, transition } from './incidents.ts'
import { json, sql, text } from './sql.ts'

export const Approval = z.object({
  incident: z.string(),
  revision: z.number().int(),
  remediation: Remediation,
  state: z.enum(['asked', 'approved', 'refused', 'expired']),
  asked_at: z.date(),
  expires_at: z.date(),
  /** Whether its time is over, by the store's clock. */
  over: z.boolean(),
  who: z.string().nullable(),
  why: z.string().nullable(),
  answered_at: z.date().nullable(),
  /** What it would do, as its system said; null while it was not asked, or could not say. */
  dry_run: z.string().nullable(),
  /** Why it could not be said. */
  dry_run_fault: z.string().nullable(),
  dry_run_at: z.date().nullable(),
})
export type Approval = z.infer<typeof Approval>
const columns = sql`approvals.incident, approvals.revision, remediation, approvals.state, asked_at, expires_at,
  expires_at <= now() as over, who, why, answered_at, dry_run, dry_run_fault, dry_run_at`

/** Asks for an approval, with the decision that wants it: in one transaction. */
export async function askApproval(
  query: Query,
  incident: string,
  revision: number,
  { remediation, approval }: Pick<Decision, 'remediation' | 'approval'>,
): Promise<void> {
  if (!remediation || !approval) return
  const seconds = approval.within_minutes * 60
  await query.run(
    sql`insert into approvals (tenant, incident, revision, remediation, expires_at)
        values (current_setting('dim.tenant'), ${incident}, ${revision}, ${json(remediation)},
          now() + make_interval(secs => ${seconds}))
        on conflict do nothing`,
  )
  await scheduleDue(query, { kind: 'approval', subject: incident, inMs: seconds * 1000 })
}

/** The latest approval that was asked for about an incident; null when none was. */
export function loadApproval(access: Access, incident: string): Promise<Approval | null> {
  return within(access, (query) =>
    query.first(
      Approval,
      sql`select ${columns} from approvals where incident = ${incident} order by revision desc limit 1`,
    ),
  )
}

/**
 * Keeps it with the approval that is asked for, in place of an earlier one, and has the messages that ask for it quote
 * it. False when that was answered meanwhile.
 */
export function keepDryRun(
  access: Access,
  { incident, revision }: Pick<Approval, 'incident' | 'revision'>,
  made: DryRun,
): Promise<boolean> {
  const { dry_run, dry_run_fault } = { dry_run: null, dry_run_fault: null, ...made }
  return within(access, async (query) => {
    const kept = await query.run(
      sql`update approvals set dry_run = ${dry_run && text(dry_run)},
            dry_run_fault = ${dry_run_fault && text(dry_run_fault)}, dry_run_at = now()
          where incident = ${incident} and revision = ${revision} and state = 'asked'`,
    )
    if (kept === 0) return false
    await quoteDryRun(query, incident, revision, made)
    const what = dry_run === null ? 'dry run failed' : 'dry run made'
    await appendAudit(query, { actor: 'auto_remediate', what, subject: incident, detail: { revision, ...made } })
    return true
  })
}

/** Approvals that wait for an answer, the one that ends first first. */
export function waitingApprovals(access: Access, limit = 100): Promise<Approval[]> {
  return within(access, (query) =>
    query.rows(
      Approval,
      sql`select ${columns} from approvals
          join incidents on incidents.tenant = approvals.tenant and incidents.id = approvals.incident
            and incidents.revision = approvals.revision and incidents.state = 'awaiting_approval'
          where approvals.state = 'asked' and expires_at > now() order by expires_at limit ${limit}`,
    ),
  )
}

/**
 * Approves, by compare-and-set: of two answers at once one counts. The fix is planned under the decision's key and the
 * clock, or whoever asked, starts it. Whoever calls has asked whether `who` may. @throws AppError E_APPROVAL_REFUSED
 */
export function grantApproval(
  access: Access,
  answer: { incident: string; who: string; fix: PlannedAction },
): Promise<Approval> {
  const { incident, who, fix } = answer
  return within(access, async (query) => {
    const asked = await answerTo(query, incident, 'approved', who, 'approved')
    if (asked.over) throw notWaiting(incident, 'nobody answered in time')
    await transition(query, incident, ['awaiting_approval'], 'fixing', who, `approved by ${who}`)
    await removeDue(query, incident, ['approval'])
    await planAction(query, incident, asked.revision, fix)
    // The next turn of the clock starts it, unless whoever approved does.
    await scheduleDue(query, { kind: 'fix', subject: incident, inMs: 0 })
    return asked
  })
}

/** Refuses, or lets the time be over: it is people's now, and they are told. @throws AppError E_APPROVAL_REFUSED */
export function endApproval(
  access: Access,
  answer: {
    incident: string
    state: 'refused' | 'expired'
    who: string
    why: string
    messages: readonly PlannedAction[]
  },
): Promise<Approval> {
  const { incident, state, who, why, messages } = answer
  return within(access, async (query) => {
    const asked = await answerTo(query, incident, state, who, why)
    if (state === 'expired' && !asked.over) throw notWaiting(incident, 'its time is not over')
    await transition(query, incident, ['awaiting_approval'], 'escalated', who, why)
    await endAlerts(query, incident, 'notified', why.slice(0, 500))
    await removeDue(query, incident, ['approval'])
    const inMs = reminderMs(await highestTier(query, incident, asked.revision))
    await scheduleDue(query, { kind: 'reminder', subject: incident, inMs })
    for (const message of messages) await planAction(query, incident, asked.revision, message)
    return asked
  })
}

/** The compare-and-set itself, under the incident's lock. */
async function answerTo(
  query: Query,
  incident: string,
  state: Approval['state'],
  who: string,
  why: string,
): Promise<Approval> {
  const { state: now, revision } = await lockIncident(query, incident)
  const asked = await query.first(
    Approval,
    sql`select ${columns} from approvals where incident = ${incident} and revision = ${revision} for update`,
  )
  if (!asked) throw notWaiting(incident, 'nothing of it asks for approval')
  if (asked.state !== 'asked') throw notWaiting(incident, `it was ${asked.state} already, by ${asked.who}`)
  if (now !== 'awaiting_approval') throw notWaiting(incident, `it is ${now} by now`)
  await query.run(
    sql`update approvals set state = ${state}, who = ${text(who)}, why = ${text(why.slice(0, 500))}, answered_at = now()
        where incident = ${incident} and revision = ${revision} and state = 'asked'`,
  )
  await appendAudit(query, {
    actor: who,
    what: `approval ${state}`,
    subject: incident,
    detail: { revision, template: asked.remediation.template, target: asked.remediation.target, why },
  })
  return asked
}

function notWaiting(incident: string, why: string): AppError {
  return new AppError(
    'E_APPROVAL_REFUSED',
    `${incident} does not wait for an approval: ${why}.`,
    'Nothing was changed. Look at the incident, and mend it by hand if it still needs it.',
  )
}
