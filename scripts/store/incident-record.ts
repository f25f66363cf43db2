import { z } from 'zod'
import { Alert } from '../domain/alert.ts'
import { AnalyzerRecord, Decision, Proposal } from '../domain/decision.ts'
import { Evidence, type EvidenceOf } from '../domain/evidence.ts'
import { AlertEndState, Incident } from '../domain/incident.ts'
import { type ActionRow, loadActions } from './actions.ts'
import { type Approval, loadApproval } from './approvals.ts'
import { type Access, within } from './connection.ts'
import { type Feedback, feedbackOf } from './feedback.ts'
import { similarIncidents } from './history.ts'
import { incidentColumns, loadTimeline, type TimelineEntry, unknownIncident } from './incidents.ts'
import { loadQuieted, type Quieted } from './quieting.ts'
import { sql } from './sql.ts'
import { type Alike, quietForTheSame } from './was-real.ts'

const shownAlerts = 50
const shownSimilar = 8

export const AlertLine = z.object({
  alert: Alert,
  received_at: z.date(),
  step: z.string(),
  end_state: AlertEndState.nullable(),
  end_reason: z.string().nullable(),
  execution: z.string(),
})
export type AlertLine = z.infer<typeof AlertLine>

export const DecisionLine = z.object({
  revision: z.number().int(),
  /** The execution that analysed. */
  holder: z.string(),
  decision: Decision.nullable(),
  proposal: Proposal,
  record: AnalyzerRecord,
  created_at: z.date(),
  decided_at: z.date().nullable(),
  superseded: z.boolean(),
})
export type DecisionLine = z.infer<typeof DecisionLine>

/** Everything that is known about one incident. */
export interface IncidentRecord {
  incident: Incident
  /** The latest first. */
  alerts: AlertLine[]
  /** All of them, whatever of them is shown. */
  alertCount: number
  evidence: Evidence[]
  /** The latest revision first. */
  decisions: DecisionLine[]
  actions: ActionRow[]
  timeline: TimelineEntry[]
  similar: EvidenceOf<'past_incident'>[]
  audit: AuditLine[]
  feedback: Feedback[]
  /** Where people said that it was real: what else the same reason has kept quiet since. */
  alike: Alike[]
  quieted: Quieted | null
  /** The latest approval that was asked for. */
  approval: Approval | null
  /** Who has taken it on, as it is decided now. */
  acknowledgedBy: string | null
}

export const AuditLine = z.object({ at: z.date(), actor: z.string(), what: z.string() })
export type AuditLine = z.infer<typeof AuditLine>

/** @throws AppError E_INCIDENT_UNKNOWN */
export function loadIncidentRecord(access: Access, id: string): Promise<IncidentRecord> {
  return within(access, async (query) => {
    const found = await query.first(
      z.object({ ...Incident.shape, asset_key: z.string().nullable(), taken_by: z.string().nullable() }),
      sql`select ${incidentColumns}, asset_key,
            case when acknowledged_revision = revision then acknowledged_by end as taken_by from incidents where id = ${id}`,
    )
    if (!found) throw unknownIncident(id)
    const { asset_key: assetKey, taken_by: acknowledgedBy, ...incident } = found
    const alerts = await query.rows(
      AlertLine,
      sql`select alert, alerts.received_at, step, end_state, end_reason, execution_id as execution
          from alerts join raw_payloads on raw_payloads.tenant = alerts.tenant and raw_payloads.id = raw_id
          where incident = ${id} order by alerts.received_at desc, raw_id, position limit ${shownAlerts}`,
    )
    const counted = await query.first(
      z.object({ count: z.number() }),
      sql`select count(*)::int as count from alerts where incident = ${id}`,
    )
    const evidence = await query.rows(
      z.object({ item: Evidence }),
      sql`select item from evidence where incident = ${id} and revision = ${incident.revision} order by position`,
    )
    const decisions = await query.rows(
      DecisionLine,
      sql`select revision, holder, decision, proposal, record, created_at, decided_at, superseded
          from decisions where incident = ${id} order by revision desc limit 20`,
    )
    const audit = await query.rows(
      AuditLine,
      sql`select at, actor, what from audit where subject = ${id} order by id desc limit 100`,
    )
    const { fingerprint, category, title } = incident
    const similar = await similarIncidents(
      query,
      { fingerprint, assetKey, category, title, excluding: id },
      shownSimilar,
    )
    return {
      incident,
      alerts,
      alertCount: counted?.count ?? 0,
      evidence: evidence.map((row) => row.item),
      decisions,
      actions: await loadActions(query, id),
      timeline: await loadTimeline(query, id),
      similar: similar.flatMap((draft, index) =>
        draft.kind === 'past_incident' ? [{ ...draft, id: `past_${index}` }] : [],
      ),
      audit,
      feedback: await feedbackOf(query, id),
      alike: await quietForTheSame(query, id),
      quieted: await loadQuieted(query, id),
      approval: await loadApproval(query, id),
      acknowledgedBy,
    }
  })
}
