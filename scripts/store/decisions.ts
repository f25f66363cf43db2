import { z } from 'zod'
import { AnalyzerRecord, Decision, Proposal } from '../domain/decision.ts'
import { IncidentState } from '../domain/incident.ts'
import { outcomeOf } from '../domain/outcome.ts'
import { reminderMs, schedule } from '../domain/schedule.ts'
import { leaseLost, type PlannedAction, planAction } from './actions.ts'
import { endAlerts } from './alerts.ts'
import { askApproval } from './approvals.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { highestTier } from './evidence.ts'
import { transition, unknownIncident } from './incidents.ts'
import { noteShadow } from './shadow.ts'
import { json, sql } from './sql.ts'
import { openTicket } from './tickets.ts'

/** For so long, the execution that analyses is expected to answer; then another may take over. */
const leaseSeconds = 180

const who = 'incident_analyzer'

const Held = z.object({
  state: IncidentState,
  revision: z.number().int(),
  title: z.string(),
  holder: z.string().nullable(),
  /** Whether the holder is still expected to answer. */
  held: z.boolean(),
  closed: z.boolean(),
})

/**
 * Takes the incident for one execution to analyse. Null when it needs no analysis (decided, closed) or another
 * execution is at it; the same execution again has its lease back.
 * @param holder The execution's originalId: what it later writes with.
 * @throws AppError E_INCIDENT_UNKNOWN
 */
export function beginAnalysis(access: Access, incident: string, holder: string): Promise<{ revision: number } | null> {
  return within(access, async (query) => {
    const found = await readHeld(query, incident)
    if (found.closed || (found.state !== 'open' && found.state !== 'analyzing')) return null
    if (found.state === 'analyzing' && found.held && found.holder !== holder) return null
    if (found.state === 'open' || found.holder !== holder) await countAnalysis(query, incident, found.state === 'open')
    await hold(query, incident, holder)
    if (found.state === 'open') await transition(query, incident, ['open'], 'analyzing', who, `execution ${holder}`)
    return { revision: found.revision }
  })
}

/** Analyses of one revision that came to no end; after so many, people take over. */
const mostAnalyses = 6

async function countAnalysis(query: Query, incident: string, isFirst: boolean): Promise<void> {
  await query.run(
    sql`update incidents set analyses = case when ${isFirst} then 1 else analyses + 1 end where id = ${incident}`,
  )
}

/**
 * Ends the attempts to analyse an incident when so many came to no end that another one will not, either. `observed`:
 * nobody is told of it. False, and nothing done, while there is hope.
 */
export function giveUpAnalysis(access: Access, incident: string, observed: boolean): Promise<boolean> {
  return within(access, async (query) => {
    const hopeless = await query.first(
      z.object({}),
      sql`select from incidents where id = ${incident} and state = 'analyzing' and closed_at is null
            and analyses >= ${mostAnalyses} and coalesce(held_until, now()) <= now() for update`,
    )
    if (!hopeless) return false
    const why = `${mostAnalyses} analyses came to no end`
    await transition(query, incident, ['analyzing'], observed ? 'logged' : 'escalated', 'clock', why)
    await query.run(
      sql`update incidents set decided_at = now(), holder = null, held_until = null where id = ${incident}`,
    )
    await endAlerts(query, incident, observed ? 'observed' : 'notified', why)
    await removeDue(query, incident, ['dispatch', 'page_deadline'])
    if (!observed) await scheduleDue(query, { kind: 'reminder', subject: incident, inMs: reminderMs(null) })
    return true
  })
}

/**
 * Keeps what the analyser proposes for the current revision. The same execution again replaces it; once decided, it
 * changes nothing. @throws AppError E_LEASE_LOST when another execution took over, or the incident ended.
 */
export async function saveProposal(
  access: Access,
  incident: string,
  holder: string,
  { proposal, record }: { proposal: Proposal; record: AnalyzerRecord },
): Promise<void> {
  await within(access, async (query) => {
    const found = await readHeld(query, incident)
    if (await decisionOf(query, incident, holder)) return
    requireLease(found, incident, holder)
    await hold(query, incident, holder)
    await query.run(
      sql`insert into decisions (tenant, incident, revision, holder, proposal, record, analyzer, model, tokens, cost_usd)
          values (current_setting('dim.tenant'), ${incident}, ${found.revision}, ${holder}, ${json(proposal)},
            ${json(record)}, ${record.analyzer}, ${record.model}, ${record.tokens}, ${record.cost_usd})
          on conflict (tenant, incident, revision) do update
          set holder = excluded.holder, proposal = excluded.proposal, record = excluded.record,
            analyzer = excluded.analyzer, model = excluded.model, tokens = excluded.tokens,
            cost_usd = excluded.cost_usd, created_at = now()`,
    )
  })
}

/** What this execution's analyser proposed. @throws AppError E_LEASE_LOST when it could keep nothing, for that reason. */
export async function loadProposal(
  access: Access,
  incident: string,
  revision: number,
  holder: string,
): Promise<{ proposal: Proposal; record: AnalyzerRecord }> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ proposal: Proposal, record: AnalyzerRecord }),
      sql`select proposal, record from decisions
          where incident = ${incident} and revision = ${revision} and holder = ${holder}`,
    ),
  )
  if (!row) throw leaseLost(`${incident} has no proposal of this execution.`)
  return row
}

/**
 * Decides, in one transaction: the decision, the incident's state, the end of its alerts, what is to leave, and what
 * is due later. Run again by the same execution it answers what it decided, and changes nothing.
 * @throws AppError E_LEASE_LOST when another execution took over, or the incident ended; then nothing may leave.
 */
export function decide(
  access: Access,
  request: { incident: string; token: string; decision: Decision; actions: readonly PlannedAction[] },
): Promise<Decision> {
  const { incident, token, decision, actions } = request
  return within(access, async (query) => {
    const found = await readHeld(query, incident)
    const earlier = await decisionOf(query, incident, token)
    if (earlier) return earlier.decision
    requireLease(found, incident, token)
    await writeDecision(query, incident, found.revision, token, decision)
    const { state, alerts } = outcomeOf(decision)
    await transition(query, incident, ['analyzing'], state, who, reasonOf(decision))
    await query.run(
      sql`update incidents set severity = ${decision.severity}, category = ${decision.category}, decided_at = now(),
            held_until = null where id = ${incident}`,
    )
    if (alerts) await endAlerts(query, incident, alerts, reasonOf(decision))
    for (const action of decision.mode === 'observe' ? [] : actions)
      await planAction(query, incident, found.revision, action)
    if (decision.recommended_action === 'log_only' && decision.mode !== 'observe') {
      const key = `${incident}:${found.revision}:ticket:log_only`
      await openTicket(query, { incident, key, title: found.title, severity: decision.severity })
    }
    await scheduleAfter(query, incident, found.revision, state)
    if (state === 'awaiting_approval') await askApproval(query, incident, found.revision, decision)
    await noteShadow(query, incident, found.revision, decision)
    await appendAudit(query, {
      actor: who,
      what: `decided ${decision.recommended_action}`,
      subject: incident,
      detail: {
        revision: found.revision,
        mode: decision.mode,
        analyzer: decision.analyzer,
        guardrails: decision.guardrails,
        actions: actions.map(({ key }) => key),
      },
    })
    return decision
  })
}

/** What was decided; null while nothing is. Of the current revision when none is named. */
export async function loadDecision(access: Access, incident: string, revision?: number): Promise<Decision | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ decision: Decision }),
      sql`select decision from decisions
          where incident = ${incident} and decision is not null
            and revision = coalesce(${revision ?? null}::integer, (select revision from incidents where id = ${incident}))`,
    ),
  )
  return row?.decision ?? null
}

/** What this execution has decided, and for which revision; null while it has decided nothing. */
export function decisionOf(
  access: Access,
  incident: string,
  holder: string,
): Promise<{ decision: Decision; revision: number } | null> {
  return within(access, (query) =>
    query.first(
      z.object({ decision: Decision, revision: z.number().int() }),
      sql`select decision, revision from decisions
          where incident = ${incident} and holder = ${holder} and decision is not null
          order by revision desc limit 1`,
    ),
  )
}

async function readHeld(query: Query, incident: string): Promise<z.infer<typeof Held>> {
  const found = await query.first(
    Held,
    sql`select state, revision, title, holder, coalesce(held_until > now(), false) as held,
          closed_at is not null as closed
        from incidents where id = ${incident} for update`,
  )
  if (!found) throw unknownIncident(incident)
  return found
}

async function hold(query: Query, incident: string, holder: string): Promise<void> {
  await query.run(
    sql`update incidents set holder = ${holder}, held_until = now() + make_interval(secs => ${leaseSeconds})
        where id = ${incident}`,
  )
}

/** A lease that ran out still counts as long as nobody else has taken it. */
function requireLease(found: z.infer<typeof Held>, incident: string, holder: string): void {
  if (found.state === 'analyzing' && found.holder === holder) return
  throw leaseLost(
    found.closed ? `${incident} ended while it was analysed.` : `${incident} is analysed by another execution.`,
  )
}

async function writeDecision(query: Query, incident: string, revision: number, holder: string, decision: Decision) {
  const written = await query.run(
    sql`update decisions set decision = ${json(decision)}, decided_at = now()
        where incident = ${incident} and revision = ${revision} and holder = ${holder}`,
  )
  if (written === 0) throw leaseLost(`${incident} has no proposal of this execution to decide on.`)
}

function reasonOf(decision: Decision): string {
  return `${decision.recommended_action} by ${decision.analyzer}: ${decision.root_cause}`.slice(0, 500)
}

async function scheduleAfter(query: Query, incident: string, revision: number, state: IncidentState): Promise<void> {
  // A fix may take long: until people are told of its end, their page stays due.
  await removeDue(query, incident, state === 'fixing' ? ['dispatch'] : ['dispatch', 'page_deadline'])
  if (state === 'fixing') await scheduleDue(query, { kind: 'fix', subject: incident, inMs: schedule.fixMs })
  if (state === 'notified') {
    const inMs = reminderMs(await highestTier(query, incident, revision))
    await scheduleDue(query, { kind: 'reminder', subject: incident, inMs })
  }
  if (state === 'dismissed') {
    await scheduleDue(query, { kind: 'dismissed_expiry', subject: incident, inMs: schedule.dismissalHoldsMs })
  }
}
