import { z } from 'zod'
import { type Alert, type Severity, sourceKey, worse } from '../domain/alert.ts'
import { assetKey, deliveryKey } from '../domain/fingerprint.ts'
import { type Fold, fold, isBeingFixed, isStale, isUndecided, notAhead } from '../domain/fold.ts'
import { quietTimeMs, schedule } from '../domain/schedule.ts'
import { type AlertPlace, insertAlert } from './alerts.ts'
import type { Query } from './connection.ts'
import { scheduleDue } from './due.ts'
import { addToTimeline, closeIncident, newIncidentId } from './incidents.ts'
import { noQuiet, type Quiet, settleQuiet } from './quieting.ts'
import { json, sql } from './sql.ts'
import { type Known, lockConditions, type OpenIncident, readOpenOfAsset, readStanding } from './standing.ts'

/** Who folds, on an incident's timeline. */
const who = 'fold'

/** Folds the alerts of one delivery, in order. Answers the incidents that are to be analysed. */
export async function foldAlerts(
  query: Query,
  rawId: string,
  alerts: readonly Alert[],
  quiet: Quiet = noQuiet,
): Promise<string[]> {
  await lockConditions(query, alerts)
  // Read under the locks, so that what is folded later has the later time.
  const clock = await query.first(z.object({ now: z.date() }), sql`select clock_timestamp() as now`)
  const now = clock?.now ?? new Date()
  const touched = new Set<string>()
  for (const [position, alert] of alerts.entries()) {
    const known = await readStanding(query, alert, now)
    const ignored = quiet.ignored[position]
    const step: Fold = ignored ? { step: 'ignore', reason: ignored } : fold(alert, known)
    const { place, analyse } = await settleQuiet(query, alert, await apply(query, alert, known, step), quiet, now)
    await insertAlert(query, { rawId, position, now }, alert, place)
    if (place.incident && analyse) touched.add(place.incident)
  }
  return undecidedOf(query, [...touched])
}

/** Writes what a step of domain/fold.ts means. */
async function apply(query: Query, alert: Alert, known: Known, step: Fold): Promise<AlertPlace> {
  switch (step.step) {
    case 'ignore':
      return { step: 'ignore', incident: null, endState: 'ignored', reason: step.reason }
    case 'recover':
      return recover(query, alert, known.now)
    case 'repeat': {
      const { id } = required(known.open)
      await keepAwake(query, id, alert, known.now)
      return { step: 'repeat', incident: id, endState: 'folded', reason: 'the same delivery again' }
    }
    case 'join':
      return join(query, alert, required(known.open), step, known.now)
    case 'open':
      return open(query, alert, known, step.instead)
    case 'resolve': {
      const { id } = required(known.open)
      await closeIncident(query, id, 'resolve', { who, why: alert.title })
      return { step: 'resolve', incident: id, endState: 'folded', reason: null }
    }
    case 'resolve_later': {
      const { id } = required(known.open)
      await noteResolve(query, id)
      return { step: 'resolve_later', incident: id, endState: 'folded', reason: 'a fix is under way' }
    }
    case 'resolve_stale': {
      const { id } = required(known.open)
      return { step: 'resolve_stale', incident: id, endState: 'folded', reason: 'of a time before the firing' }
    }
    case 'resolve_early':
      return { step: 'resolve_early', incident: null, endState: 'ignored', reason: 'a resolve, and nothing was open' }
    case 'open_resolved':
      return openResolved(query, alert, known)
    case 'join_closed': {
      const id = required(known.resolve?.incident ?? null)
      await countDelivery(query, id, alert, known.now)
      return { step: 'join_closed', incident: id, endState: 'folded', reason: 'it came after its resolve' }
    }
  }
}

async function recover(query: Query, alert: Alert, now: Date): Promise<AlertPlace> {
  const found = await readOpenOfAsset(query, assetKey(alert.asset, alert.environment))
  const ended = found.filter((incident) => !isStale(alert, incident.latestStart, now))
  for (const { id, state } of ended) {
    if (isBeingFixed(state)) await noteResolve(query, id)
    else await closeIncident(query, id, 'recovery', { who, why: alert.title })
  }
  const [first] = ended
  return first
    ? { step: 'recover', incident: first.id, endState: 'folded', reason: null }
    : { step: 'recover', incident: null, endState: 'ignored', reason: 'a success, and nothing was open' }
}

async function join(
  query: Query,
  alert: Alert,
  incident: OpenIncident,
  { severity, again }: Extract<Fold, { step: 'join' }>,
  now: Date,
): Promise<AlertPlace> {
  const { id, state } = incident
  await countOccurrence(query, id, alert, now)
  if (severity !== incident.claimed) await raise(query, incident, severity)
  if (again) {
    await decideAgain(query, incident, `${severity} now: ${alert.title}`)
    return { step: 'raise', incident: id, endState: null, reason: null }
  }
  const isEnded = !isUndecided(state) && !isBeingFixed(state)
  return { step: 'join', incident: id, endState: isEnded ? 'folded' : null, reason: null }
}

async function open(query: Query, alert: Alert, known: Known, instead: boolean): Promise<AlertPlace> {
  if (instead) {
    const why = 'a firing that the dismissal does not cover'
    await closeIncident(query, required(known.open).id, 'expired', { who, why })
  }
  const id = await insertIncident(query, alert, known.now)
  await countOccurrence(query, id, alert, known.now)
  await scheduleAnalysis(query, id)
  return { step: 'open', incident: id, endState: null, reason: null }
}

async function openResolved(query: Query, alert: Alert, { now, resolve }: Known): Promise<AlertPlace> {
  const { raw_id, position } = required(resolve)
  const id = await insertIncident(query, alert, now)
  await countOccurrence(query, id, alert, now)
  await query.run(
    sql`update alerts set incident = ${id}, end_state = 'logged', end_reason = 'it came before its firing'
        where raw_id = ${raw_id} and position = ${position}`,
  )
  await closeIncident(query, id, 'resolve', { who, why: 'its resolve came before it' })
  return { step: 'open_resolved', incident: id, endState: 'logged', reason: 'it came after its resolve' }
}

async function insertIncident(query: Query, alert: Alert, now: Date): Promise<string> {
  const id = newIncidentId()
  await query.run(
    sql`insert into incidents (tenant, id, fingerprint, asset_key, state, severity, claimed_severity, category, title,
          source, environment, asset, opened_at, last_seen_at)
        values (current_setting('dim.tenant'), ${id}, ${alert.fingerprint}, ${assetKey(alert.asset, alert.environment)},
          'open', ${alert.severity}, ${alert.severity}, ${alert.category}, ${alert.title}, ${sourceKey(alert)},
          ${alert.environment}, ${alert.asset && json(alert.asset)}, ${now}, ${now})`,
  )
  await addToTimeline(query, { incident: id, from: null, to: 'open', who, why: alert.title })
  return id
}

async function countOccurrence(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  await countDelivery(query, id, alert, now)
  await keepAwake(query, id, alert, now)
}

async function countDelivery(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  const isNew = await query.run(
    sql`insert into occurrences (tenant, incident, delivery, seen_at)
        values (current_setting('dim.tenant'), ${id}, ${deliveryKey(alert)}, ${now}) on conflict do nothing`,
  )
  if (isNew === 0) return
  await query.run(
    sql`update incidents set occurrences = occurrences + 1,
          latest_start = greatest(latest_start, ${notAhead(alert.started_at, now)}) where id = ${id}`,
  )
}

/** A firing, repeated or not, says that it is not over: the quiet time starts anew. */
async function keepAwake(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  await query.run(sql`update incidents set last_seen_at = ${now} where id = ${id}`)
  await scheduleDue(query, { kind: 'quiet', subject: id, inMs: quietTimeMs(sourceKey(alert)) })
}

async function raise(query: Query, incident: OpenIncident, claimed: Severity): Promise<void> {
  const severity = worse(incident.severity, claimed)
  await query.run(
    sql`update incidents set claimed_severity = ${claimed}, severity = ${severity} where id = ${incident.id}`,
  )
}

/** The next revision: what was decided stays in the books and no longer counts. */
async function decideAgain(query: Query, { id, state }: OpenIncident, why: string): Promise<void> {
  await query.run(sql`update decisions set superseded = true where incident = ${id}`)
  await query.run(
    sql`update incidents set state = 'open', revision = revision + 1, decided_at = null, holder = null,
          held_until = null, dispatched_until = null where id = ${id}`,
  )
  await addToTimeline(query, { incident: id, from: state, to: 'open', who, why })
  await scheduleAnalysis(query, id)
}

async function scheduleAnalysis(query: Query, id: string): Promise<void> {
  await scheduleDue(query, { kind: 'dispatch', subject: id, inMs: schedule.dispatchMs })
  // What becomes worse while it is analysed keeps its deadline.
  await scheduleDue(query, { kind: 'page_deadline', subject: id, inMs: schedule.pageDeadlineMs, ifAbsent: true })
}

async function noteResolve(query: Query, id: string): Promise<void> {
  await query.run(sql`update incidents set resolved_seen_at = now() where id = ${id}`)
}

/** Of these, the ones that are still to be analysed: a resolve in the same delivery may have ended one. */
async function undecidedOf(query: Query, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await query.rows(
    z.object({ id: z.string() }),
    sql`select id from incidents where id = any(${ids}) and state = 'open'`,
  )
  const undecided = new Set(rows.map((row) => row.id))
  return ids.filter((id) => undecided.has(id))
}

/** The steps that need an incident are only decided on when there is one. */
function required<T>(value: T | null): T {
  if (value === null) throw new Error('A step of the fold lacks what it was decided on.')
  return value
}
