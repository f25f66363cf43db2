import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Remediation } from '../domain/decision.ts'
import { type DryRun, quotedDryRun } from '../domain/dry-run.ts'
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
  /** Where in the channel; null or absent: its default. */
  target?: string | null
  /** Stable: planned again under the same key it is the same action. It names incident and revision. */
  key: string
  message?: Message
  remediation?: Remediation
  /** So long it is held back for what it is still to say, unless it is let go before. */
  holdMs?: number
}

export const ActionState = z.enum(['planned', 'sending', 'sent', 'failed', 'unknown', 'confirmed', 'cancelled'])
export type ActionState = z.infer<typeof ActionState>

export const ActionRow = z.object({
  key: z.string(),
  /** Empty for a digest, which belongs to none. */
  incident: z.string(),
  revision: z.number().int(),
  kind: z.string(),
  /** Where in the channel a message goes; what a fix is for. */
  target: z.string().nullable(),
  state: ActionState,
  attempt: z.number().int(),
  message: Message.nullable(),
  remediation: Remediation.nullable(),
  result: z.object({ reference: z.string().nullable(), reason: z.string().nullable() }).nullable(),
  created_at: z.date(),
  sent_at: z.date().nullable(),
})
export type ActionRow = z.infer<typeof ActionRow>
const columns = sql`key, coalesce(incident, '') as incident, revision, kind, target, state, attempt, message, remediation, result, created_at, sent_at`

/** An action that its claimer alone may work, until the lease ends. */
const ClaimedAction = ActionRow.extend({
  /** An attempt before this one ended without an answer: it may have gone through. */
  outcomeUnknown: z.boolean(),
  lease: z.string(),
})
export type ClaimedAction = z.infer<typeof ClaimedAction>

/**
 * Puts an action into the outbox. False when it was there already. A message takes the place of what was to be told
 * before to the same people about the same incident and has not reached them: the last state wins.
 */
export function planAction(
  access: Access,
  incident: string | null,
  revision: number,
  action: PlannedAction,
): Promise<boolean> {
  const { key, kind, message, remediation, holdMs = 0 } = action
  const target = remediation?.target ?? action.target ?? null
  return within(access, async (query) => {
    const inserted = await query.run(
      sql`insert into actions (tenant, key, incident, revision, kind, template, target, message, remediation, not_before)
          values (current_setting('dim.tenant'), ${key}, ${incident}, ${revision}, ${kind},
            ${remediation?.template ?? message?.occasion ?? null}, ${target}, ${message ? json(message) : null},
            ${remediation ? json(remediation) : null}, now() + make_interval(secs => ${holdMs / 1000}))
          on conflict do nothing`,
    )
    if (inserted === 0) return false
    if (message) {
      await query.run(
        sql`update actions set state = 'cancelled', not_before = null, changed_at = now()
            where incident = ${incident} and kind = ${kind} and target is not distinct from ${target}
              and message is not null and key <> ${key} and state in ('planned', 'failed', 'unknown')`,
      )
    }
    return true
  })
}

/**
 * Claims what is to leave now, what is critical first, then the oldest: planned, to be tried again, or left behind by an attempt that never
 * answered. Two messages about one incident are never on their way to the same place at once. The first row is held for a minute and each further one for half a minute longer, a fix for three minutes:
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
            select tenant as of_tenant, key as of_key, created_at as planned,
              coalesce(message ->> 'severity', '') <> 'CRITICAL' as can_wait
            from actions as one
            where state in ('planned', 'sending', 'failed', 'unknown') and not_before <= now()
              and kind = any(${which.kinds}) and (${which.incident ?? null}::text is null or incident = ${which.incident ?? null})
              and not exists (
                select from actions as other where other.tenant = one.tenant and other.incident = one.incident
                  and other.kind = one.kind and other.target is not distinct from one.target
                  and other.message is not null and one.message is not null and other.key <> one.key
                  and other.state = 'sending' and other.not_before > now()
              )
            order by can_wait, created_at, key limit ${which.limit} for update skip locked
          ), chosen as materialized (
            select of_tenant, of_key, row_number() over (order by can_wait, planned, of_key) as nth from free
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
  /** The other side was busy: nothing has left. `untried`: it was not even asked. */
  | { state: 'planned'; reason: string; retryInMs: number; untried?: boolean }
  /** There is nothing to say there. */
  | { state: 'cancelled'; reason: string }

/** Records what came of a claimed action. @throws AppError E_LEASE_LOST when somebody else has claimed it since. */
export async function finishAction(access: Access, action: ClaimedAction, outcome: ActionOutcome): Promise<void> {
  const reference = outcome.state === 'sent' ? outcome.reference : null
  const reason = outcome.state === 'sent' ? null : outcome.reason
  const retrySeconds = 'retryInMs' in outcome && outcome.retryInMs !== undefined ? outcome.retryInMs / 1000 : null
  const untried = outcome.state === 'planned' && (outcome.untried ?? false)
  await within(access, async (query) => {
    const finished = await query.run(
      sql`update actions
          set state = ${outcome.state}, result = ${json({ reference, reason })}, lease_token = null, changed_at = now(),
            not_before = now() + make_interval(secs => ${retrySeconds}), attempt = attempt - ${untried ? 1 : 0}::integer,
            sent_at = case when ${outcome.state} = 'sent' then now() end
          where key = ${action.key} and lease_token = ${action.lease}`,
    )
    if (finished === 0) throw leaseLost(`The action ${action.key} is another attempt’s by now.`)
    if (outcome.state !== 'sent') await giveWay(query, action)
    if (untried) return
    if (outcome.state === 'sent' && action.message) await noteTold(query, action.incident, action.message)
    await appendAudit(query, {
      actor: 'outbox',
      what: `${action.kind} ${outcome.state}`,
      subject: action.incident || null,
      detail: { key: action.key, attempt: action.attempt, reference, reason },
    })
  })
}

/** What was told before by the same channel to the same place about the incident of an action. */
export async function toldBefore(
  access: Access,
  { incident, kind, target, key }: Pick<ActionRow, 'incident' | 'kind' | 'target' | 'key'>,
): Promise<{ reference: string | null; inDoubt: boolean }> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ reference: z.string().nullable(), inDoubt: z.boolean().nullable() }),
      sql`select
            (array_agg(result ->> 'reference' order by sent_at desc)
              filter (where state in ('sent', 'confirmed') and result ->> 'reference' is not null))[1] as reference,
            bool_or(outcome_unknown or state = 'unknown') as "inDoubt"
          from actions
          where incident = ${incident} and kind = ${kind} and target is not distinct from ${target}
            and message is not null and key <> ${key}`,
    ),
  )
  return { reference: row?.reference ?? null, inDoubt: row?.inDoubt ?? false }
}

/** Where people were told, or may have been told, about an incident: channel and place, each once. */
export function toldWhere(access: Access, incident: string): Promise<{ kind: string; target: string | null }[]> {
  return within(access, (query) =>
    query.rows(
      z.object({ kind: z.string(), target: z.string().nullable() }),
      sql`select kind, target from actions
          where incident = ${incident} and message is not null
            and (outcome_unknown or state in ('sending', 'sent', 'unknown', 'confirmed'))
          group by kind, target order by min(created_at), kind, target`,
    ),
  )
}

/**
 * What the fix that a message asks approval for would do, or why that is not known, goes into each message that has not
 * left; one that was held back for it is let go.
 */
export async function quoteDryRun(query: Query, incident: string, revision: number, made: DryRun): Promise<void> {
  await query.run(
    sql`update actions set message = message || ${json({ dry_run: quotedDryRun(made) })}, changed_at = now(),
          not_before = case when state = 'planned' and attempt = 0 then now() else not_before end
        where incident = ${incident} and revision = ${revision} and state in ('planned', 'failed', 'unknown')
          and message ->> 'dry_run' is not null`,
  )
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

/** What somebody should acknowledge. */
const awaitsSomebody: ReadonlySet<Message['occasion']> = new Set(['raw', 'decision', 'escalated', 'reopened'])

/** What could not be sent has had its time once something newer is told, or was told, to the same people. */
async function giveWay(
  query: Query,
  { key, incident, kind, target, message, created_at }: ClaimedAction,
): Promise<void> {
  if (!message) return
  await query.run(
    sql`update actions set state = 'cancelled', not_before = null, lease_token = null, changed_at = now()
        where key = ${key} and state <> 'cancelled' and exists (
          select from actions as newer where newer.incident = ${incident} and newer.kind = ${kind}
            and newer.target is not distinct from ${target} and newer.message is not null and newer.key <> ${key}
            and newer.created_at > ${created_at} and newer.state <> 'cancelled'
        )`,
  )
}

/** People know from the first message on. One that went out while the incident ended leaves them to be told of its end. */
async function noteTold(query: Query, incident: string, message: Message): Promise<void> {
  await query.run(sql`update incidents set told_at = coalesce(told_at, now()) where id = ${incident}`)
  if (message.occasion === 'resolved' || message.occasion === 'fixed' || message.occasion === 'merged') return
  const found = await query.first(
    z.object({ closed: z.boolean(), merged: z.boolean(), announced: z.boolean() }),
    sql`select closed_at is not null as closed, merged_into is not null as merged,
          coalesce(closed_how in ('resolve', 'recovery', 'manual'), false) as announced
        from incidents where id = ${incident}`,
  )
  if (found?.announced)
    await scheduleDue(query, { kind: 'resolved_notice', subject: incident, inMs: 0, ifAbsent: true })
  if (found?.merged) await scheduleDue(query, { kind: 'merged_notice', subject: incident, inMs: 0, ifAbsent: true })
  if (found && !found.closed && awaitsSomebody.has(message.occasion)) {
    await scheduleDue(query, { kind: 'escalation', subject: incident, inMs: 0, ifAbsent: true })
  }
}

export function leaseLost(message: string): AppError {
  return new AppError('E_LEASE_LOST', message, 'Nothing is lost: whoever took over goes on. This attempt ends here.')
}
