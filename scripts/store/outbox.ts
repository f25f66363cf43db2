import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Message } from '../domain/message.ts'
import { ActionRow, actionColumns, leaseLost } from './actions.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { scheduleDue } from './due.ts'
import { json, sql } from './sql.ts'

/** An action that its claimer alone may work, until the lease ends. */
const ClaimedAction = ActionRow.extend({
  /** An attempt before this one ended without an answer: it may have gone through. */
  outcomeUnknown: z.boolean(),
  lease: z.string(),
})
export type ClaimedAction = z.infer<typeof ClaimedAction>

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
          returning ${actionColumns}, outcome_unknown as "outcomeUnknown", lease_token as lease`,
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
