import { z } from 'zod'
import { Remediation } from '../domain/decision.ts'
import { type DryRun, quotedDryRun } from '../domain/dry-run.ts'
import { Message } from '../domain/message.ts'
import { AppError } from '../lib/errors.ts'
import { type Access, type Query, within } from './connection.ts'
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

/** What makes a row. */
export const actionColumns = sql`key, coalesce(incident, '') as incident, revision, kind, target, state, attempt, message, remediation, result, created_at, sent_at`

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

/** The incident that a channel told of under its own reference, such as the key of an issue in Jira; null for none of ours. */
export async function incidentToldAs(access: Access, kind: string, reference: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ incident: z.string() }),
      sql`select incident from actions
          where kind = ${kind} and result ->> 'reference' = ${reference} and message is not null and incident is not null
          order by created_at desc limit 1`,
    ),
  )
  return row?.incident ?? null
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
    query.rows(
      ActionRow,
      sql`select ${actionColumns} from actions where incident = ${incident} order by created_at, key`,
    ),
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

export function leaseLost(message: string): AppError {
  return new AppError('E_LEASE_LOST', message, 'Nothing is lost: whoever took over goes on. This attempt ends here.')
}
