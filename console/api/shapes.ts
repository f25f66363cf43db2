import { z } from 'zod'
import { Severity } from '../../scripts/domain/alert.ts'
import { Evidence } from '../../scripts/domain/evidence.ts'
import { Incident } from '../../scripts/domain/incident.ts'
import { ActionRow } from '../../scripts/store/actions.ts'
import { Approval } from '../../scripts/store/approvals.ts'
import { Feedback } from '../../scripts/store/feedback.ts'
import { IncidentLine, type Span } from '../../scripts/store/incident-list.ts'
import { AlertLine, AuditLine, DecisionLine } from '../../scripts/store/incident-record.ts'
import { TimelineEntry } from '../../scripts/store/incidents.ts'
import { OpenIncidentLine } from '../../scripts/store/overview.ts'
import { Quieted } from '../../scripts/store/quieting.ts'
import { Alike } from '../../scripts/store/was-real.ts'
import { Refusal } from '../refusal.ts'

const dayMs = 86_400_000
const longestDays = 366

/** Which page of a list, and how long a page is. */
export const PageQuery = z.object({
  page: z.coerce.number<string | number>().int().min(1).max(1_000_000).default(1),
  size: z.coerce.number<string | number>().int().min(1).max(200).default(50),
})

/** Items of a list, and where in it they are; a page beyond the last one answers the last one. */
export function paged<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), total: z.int(), page: z.int(), pages: z.int() })
}

/** When incidents opened, as days in UTC, and whose they are. */
export const SpanQuery = z.object({
  from: z.iso.date().optional().describe('The first day, UTC; absent: 30 days before the last.'),
  to: z.iso.date().optional().describe('The last day, UTC; absent: today.'),
  source: z.string().max(200).optional(),
  owner: z.string().max(200).optional(),
  severity: Severity.optional(),
})

/** @throws Refusal 400 for days that are in the wrong order, or more than a year apart */
export function spanOf({ from, to, source, owner, severity }: z.infer<typeof SpanQuery>, now = new Date()): Span {
  const last = to === undefined ? Math.floor(now.getTime() / dayMs) * dayMs : Date.parse(to)
  const end = last + dayMs
  const start = from === undefined ? end - 30 * dayMs : Date.parse(from)
  if (start > last) throw wrongDays('from is after to')
  if (end - start > longestDays * dayMs) throw wrongDays(`at most ${longestDays} days are answered at once`)
  return { from: new Date(start), to: new Date(end), source, owner, severity }
}

function wrongDays(message: string): Refusal {
  return new Refusal(400, `These days are not right: ${message}.`, 'Correct them and ask again.', [
    { field: 'from', message },
  ])
}

export const IncidentPath = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) })

export const IncidentSummary = IncidentLine.meta({ id: 'IncidentSummary' })
export const OpenIncident = OpenIncidentLine.meta({ id: 'OpenIncident' })

/** Everything that is known about one incident, as the page shows it. */
export const IncidentDetail = z
  .object({
    incident: Incident,
    acknowledgedBy: z.string().nullable(),
    alerts: z.array(AlertLine),
    alertCount: z.int(),
    evidence: z.array(Evidence),
    decisions: z.array(DecisionLine),
    actions: z.array(ActionRow),
    approval: Approval.nullable(),
    timeline: z.array(TimelineEntry),
    audit: z.array(AuditLine),
    similar: z.array(Evidence),
    feedback: z.array(Feedback),
    alike: z.array(Alike),
    quieted: Quieted.nullable(),
  })
  .meta({ id: 'Incident' })

/** That it is done. */
export const Done = z.object({ done: z.literal(true) }).meta({ id: 'Done' })
export const done: z.infer<typeof Done> = { done: true }
