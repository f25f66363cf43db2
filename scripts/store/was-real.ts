import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { AnalyzerRecord, Decision } from '../domain/decision.ts'
import { isBeingFixed, isUndecided } from '../domain/fold.ts'
import type { Incident } from '../domain/incident.ts'
import { quietTimeMs } from '../domain/schedule.ts'
import { dismissedBy } from '../domain/withdrawal.ts'
import { type Access, type Query, within } from './connection.ts'
import { scheduleDue } from './due.ts'
import { withdrawTrust } from './feedback.ts'
import { lockIncident } from './incidents.ts'
import { decideAgain } from './progress.ts'
import { loadQuieted, release } from './quieting.ts'
import { sql } from './sql.ts'
import { lockFolding } from './standing.ts'

/** What came of saying that an incident is real. */
export interface Reopened {
  /** The incident in which it goes on: itself, the one that it was folded into, or the one that fires now. */
  goesOnIn: string
  /** Whether people had been kept from it, and hear of it now. */
  isReopened: boolean
  /** What kept it quiet; null when nothing did. */
  reason: string | null
}

/**
 * What was kept quiet is real: what decided so is trusted less, and the incident is open again, to be analysed anew.
 * Of one that people were told of nothing changes.
 */
export async function reopenAsReal(query: Query, id: string, who: string): Promise<Reopened> {
  await lockFolding(query)
  const incident = await lockIncident(query, id)
  const decided = await quietDecision(query, id)
  if (decided) await withdrawTrust(query, { incident: id, ...decided, who })
  const quieted = await loadQuieted(query, id)
  const reason = decided?.reason ?? quieted?.reason ?? null
  const goesOn = await whereItGoesOn(query, incident)
  const isReopened = await open(query, goesOn, who)
  return { goesOnIn: goesOn.id, isReopened, reason }
}

/** The latest decision, where it kept the incident from people. */
async function quietDecision(query: Query, id: string): Promise<{ reason: string; revision: number } | null> {
  const latest = await query.first(
    z.object({ decision: Decision, record: AnalyzerRecord, revision: z.number() }),
    sql`select decision, record, revision from decisions
        where incident = ${id} and decision is not null order by revision desc limit 1`,
  )
  const isQuiet = latest && ['dismiss', 'log_only'].includes(latest.decision.recommended_action)
  return isQuiet ? { reason: dismissedBy(latest.record), revision: latest.revision } : null
}

async function whereItGoesOn(query: Query, incident: Incident): Promise<Incident> {
  const seen = new Set([incident.id])
  let current = incident
  for (;;) {
    const next = current.merged_into ?? (current.closed_at === null ? null : await openSuccessor(query, current))
    if (next === null || seen.has(next)) return current
    seen.add(next)
    current = await lockIncident(query, next)
  }
}

/** A condition, and a platform, is open once at a time. */
async function openSuccessor(query: Query, { fingerprint, platform }: Incident): Promise<string | null> {
  const row = await query.first(
    z.object({ id: z.string() }),
    sql`select id from incidents where closed_at is null and (fingerprint = ${fingerprint} or platform = ${platform}
          or id in (select incident from conditions where fingerprint = ${fingerprint} and resolved_at is null))
        limit 1`,
  )
  return row?.id ?? null
}

async function open(query: Query, incident: Incident, who: string): Promise<boolean> {
  const { id, state } = incident
  if (isBeingFixed(state) || state === 'awaiting_approval') return false
  const why = `${who} says that it is real`
  const wasQuieted = await release(query, id)
  if (isUndecided(state)) return wasQuieted
  // Of a dismissal nobody knows, even where an earlier page had gone out.
  const wasQuiet = state === 'dismissed' || state === 'logged' || (state === 'resolved' && incident.told_at === null)
  if (!wasQuiet) return false
  if (incident.closed_at !== null) await unclose(query, incident)
  await decideAgain(query, incident, why)
  return true
}

async function unclose(query: Query, { id, fingerprint, source }: Incident): Promise<void> {
  await query.run(
    sql`update incidents set closed_at = null, closed_how = null, resolved_seen_at = null, last_seen_at = now()
        where id = ${id}`,
  )
  await query.run(sql`update conditions set resolved_at = null where incident = ${id} and fingerprint = ${fingerprint}`)
  await scheduleDue(query, { kind: 'quiet', subject: id, inMs: quietTimeMs(source) })
}

export const Alike = z.object({
  id: z.string(),
  title: z.string(),
  severity: Severity,
  asset: z.string().nullable(),
  opened_at: z.date(),
})
/** An incident that was kept quiet for the same reason. */
export type Alike = z.infer<typeof Alike>

/** What else the same reason has kept quiet since it did so with this incident, latest first; none for no reason. */
export function quietForTheSame(access: Access, incident: string, limit = 50): Promise<Alike[]> {
  return within(access, (query) =>
    query.rows(
      Alike,
      sql`select incidents.id, title, severity, asset ->> 'name' as asset, opened_at
          from withdrawals
          join decisions as first on first.tenant = withdrawals.tenant and first.incident = withdrawals.incident
            and first.revision = withdrawals.revision
          join decisions as other on other.tenant = first.tenant and other.incident <> first.incident
            and other.decided_at >= first.decided_at and not other.superseded and other.decision is not null
            and other.analyzer = first.analyzer and other.model is not distinct from first.model
            and other.record ->> 'rule' is not distinct from first.record ->> 'rule'
            and other.record ->> 'prompt_version' is not distinct from first.record ->> 'prompt_version'
            and other.decision ->> 'recommended_action' in ('dismiss', 'log_only')
          join incidents on incidents.tenant = other.tenant and incidents.id = other.incident
          where withdrawals.incident = ${incident}
            and withdrawals.revision = (select max(revision) from withdrawals where incident = ${incident})
          order by opened_at desc limit ${limit}`,
    ),
  )
}
