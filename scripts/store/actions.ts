import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Remediation } from '../domain/decision.ts'
import { Message } from '../domain/message.ts'
import { AppError } from '../lib/errors.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { scheduleDue } from './due.ts'
import { json, sql } from './sql.ts'

/** Something that is to leave: a message by a channel, or a fix. */
export interface PlannedAction {
  /** The channel's name, `ticket`, or `fix`. */
  kind: string
  /** Stable: planned again under the same key it is the same action. It names incident and revision. */
  key: string
  message?: Message
  remediation?: Remediation
}

export const ActionState = z.enum(['planned', 'sending', 'sent', 'failed', 'unknown', 'confirmed', 'cancelled'])
export type ActionState = z.infer<typeof ActionState>

const ActionRow = z.object({
  key: z.string(),
  incident: z.string(),
  revision: z.number().int(),
  kind: z.string(),
  state: ActionState,
  attempt: z.number().int(),
  message: Message.nullable(),
  remediation: Remediation.nullable(),
  result: z.object({ reference: z.string().nullable(), reason: z.string().nullable() }).nullable(),
  created_at: z.date(),
  sent_at: z.date().nullable(),
})
export type ActionRow = z.infer<typeof ActionRow>
const columns = sql`key, incident, revision, kind, state, attempt, message, remediation, result, created_at, sent_at`

/** An action that its claimer alone may work, until the lease ends. */
const ClaimedAction = ActionRow.extend({
  /** An attempt before this one ended without an answer: it may have gone through. */
  outcomeUnknown: z.boolean(),
  lease: z.string(),
})
export type ClaimedAction = z.infer<typeof ClaimedAction>

/** Puts an action into the outbox. False when it was there already. */
export async function planAction(
  access: Access,
  incident: string,
  revision: number,
  action: PlannedAction,
): Promise<boolean> {
  const inserted = await within(access, (query) =>
    query.run(
      sql`insert into actions (tenant, key, incident, revision, kind, template, target, message, remediation)
          values (current_setting('dim.tenant'), ${action.key}, ${incident}, ${revision}, ${action.kind},
            ${action.remediation?.template ?? action.message?.occasion ?? null}, ${action.remediation?.target ?? null},
            ${action.message ? json(action.message) : null}, ${action.remediation ? json(action.remediation) : null})
          on conflict do nothing`,
    ),
  )
  return inserted === 1
}

/**
 * Claims what is to leave now, oldest first: planned, to be tried again, or left behind by an attempt that never
 * answered. The first row is held for a minute and each further one for half a minute longer, a fix for three minutes:
 * they are worked one after the other.
 */
export function claimActions(
  access: Access,
  which: { incident?: string; kinds: readonly string[]; limit: number },
): Promise<ClaimedAction[]> {
  return within(access, (query) =>
    query.rows(
      ClaimedAction,
      // Chosen apart: inside the update, a plan may run the choice once for each row.
      sql`with free as materialized (
            select tenant as of_tenant, key as of_key, created_at as planned from actions
            where state in ('planned', 'sending', 'failed', 'unknown') and not_before <= now()
              and kind = any(${which.kinds}) and incident = coalesce(${which.incident ?? null}, incident)
            order by created_at, key limit ${which.limit} for update skip locked
          ), chosen as materialized (
            select of_tenant, of_key, row_number() over (order by planned, of_key) as nth from free
          )
          update actions
          set state = 'sending', attempt = attempt + 1, lease_token = ${randomUUID()}, changed_at = now(),
            outcome_unknown = outcome_unknown or state in ('sending', 'unknown'),
            not_before = now() + make_interval(secs => case when kind = 'fix' then 180 else 30 + 30 * nth end)
          from chosen where tenant = of_tenant and key = of_key
          returning ${columns}, outcome_unknown as "outcomeUnknown", lease_token as lease`,
    ),
  )
}

/** What came of an attempt. Without `retryInMs`, `failed` and `unknown` are final. */
export type ActionOutcome =
  | { state: 'sent'; reference: string | null }
  | { state: 'failed'; reason: string; retryInMs?: number }
  | { state: 'unknown'; reason: string; retryInMs?: number }
  /** The other side was busy: nothing has left. */
  | { state: 'planned'; reason: string; retryInMs: number }

/** Records what came of a claimed action. @throws AppError E_LEASE_LOST when somebody else has claimed it since. */
export async function finishAction(access: Access, action: ClaimedAction, outcome: ActionOutcome): Promise<void> {
  const reference = outcome.state === 'sent' ? outcome.reference : null
  const reason = outcome.state === 'sent' ? null : outcome.reason
  const retrySeconds = outcome.state === 'sent' || outcome.retryInMs === undefined ? null : outcome.retryInMs / 1000
  await within(access, async (query) => {
    const finished = await query.run(
      sql`update actions
          set state = ${outcome.state}, result = ${json({ reference, reason })}, lease_token = null, changed_at = now(),
            not_before = now() + make_interval(secs => ${retrySeconds}),
            sent_at = case when ${outcome.state} = 'sent' then now() end
          where key = ${action.key} and lease_token = ${action.lease}`,
    )
    if (finished === 0) throw leaseLost(`The action ${action.key} is another attempt’s by now.`)
    if (outcome.state === 'sent' && action.message) await noteTold(query, action.incident, action.message)
    await appendAudit(query, {
      actor: 'outbox',
      what: `${action.kind} ${outcome.state}`,
      subject: action.incident,
      detail: { key: action.key, attempt: action.attempt, reference, reason },
    })
  })
}

/** Confirms that what was sent had its effect. */
export async function confirmAction(access: Access, key: string): Promise<void> {
  await within(access, (query) =>
    query.run(sql`update actions set state = 'confirmed', changed_at = now() where key = ${key} and state = 'sent'`),
  )
}

/**
 * Takes back the raw pages of an incident that have not left: what was decided is told in their place. Whether some
 * were, and whether any message about the incident has left, or may have.
 */
export function withdrawPages(access: Access, incident: string): Promise<{ withdrawn: boolean; told: boolean }> {
  return within(access, async (query) => {
    const withdrawn = await query.run(
      sql`update actions set state = 'cancelled', not_before = null, changed_at = now()
          where incident = ${incident} and template = 'raw' and state in ('planned', 'failed') and not outcome_unknown`,
    )
    const left = await query.first(
      z.object({}),
      sql`select from actions where incident = ${incident} and message is not null
            and (outcome_unknown or state in ('sending', 'sent', 'unknown', 'confirmed')) limit 1`,
    )
    return { withdrawn: withdrawn > 0, told: left !== null }
  })
}

/** All actions of an incident, oldest first. */
export function loadActions(access: Access, incident: string): Promise<ActionRow[]> {
  return within(access, (query) =>
    query.rows(ActionRow, sql`select ${columns} from actions where incident = ${incident} order by created_at, key`),
  )
}

/** How many fixes were tried on a target in the last hours. */
export async function recentFixes(access: Access, target: string, hours: number): Promise<number> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ tried: z.number() }),
      sql`select count(*)::int as tried from actions
          where kind = 'fix' and target = ${target} and attempt > 0
            and created_at > now() - make_interval(secs => ${hours * 3600})`,
    ),
  )
  return row?.tried ?? 0
}

/** People know from the first message on. One that went out while the incident ended leaves them to be told of its end. */
async function noteTold(query: Query, incident: string, message: Message): Promise<void> {
  await query.run(sql`update incidents set told_at = coalesce(told_at, now()) where id = ${incident}`)
  if (message.occasion === 'resolved' || message.occasion === 'fixed') return
  const ended = await query.first(
    z.object({}),
    sql`select from incidents where id = ${incident} and closed_how in ('resolve', 'recovery', 'manual')`,
  )
  if (ended) await scheduleDue(query, { kind: 'resolved_notice', subject: incident, inMs: 0, ifAbsent: true })
}

export function leaseLost(message: string): AppError {
  return new AppError('E_LEASE_LOST', message, 'Nothing is lost: whoever took over goes on. This attempt ends here.')
}
