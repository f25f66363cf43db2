import { IncidentState } from '../domain/incident.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { lockIncident } from './incidents.ts'
import { decideAgain } from './progress.ts'
import { release } from './quieting.ts'

/** Decided, and nothing under way that another decision would cross. */
const decided: ReadonlySet<IncidentState> = new Set(
  IncidentState.exclude(['open', 'analyzing', 'awaiting_approval', 'fixing', 'verifying', 'resolved']).options,
)

/** Whether an incident in this state can be analysed anew. */
export function isAnalysedAnew(state: IncidentState): boolean {
  return decided.has(state)
}

/**
 * A person asks for another analysis: evidence is gathered again and it is decided anew; the clock begins it. False,
 * and nothing done, while one runs, or a fix does, or when it is over. @throws AppError E_INCIDENT_UNKNOWN
 */
export function analyseAgain(access: Access, id: string, who: string, why: string): Promise<boolean> {
  return within(access, async (query) => {
    const incident = await lockIncident(query, id)
    if (incident.closed_at !== null || !isAnalysedAnew(incident.state)) return false
    await release(query, id)
    await decideAgain(query, incident, `${who} asks for another analysis: ${why}`)
    await appendAudit(query, { actor: who, what: 'asked for another analysis', subject: id, detail: { why } })
    return true
  })
}
