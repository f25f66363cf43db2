import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { assetKey } from '../domain/fingerprint.ts'
import { type Fold, fold, isBeingFixed, isStale, isUndecided } from '../domain/fold.ts'
import { quietMark } from '../domain/quiet.ts'
import { type AlertPlace, type AlertRow, insertAlerts } from './alerts.ts'
import { endAsset, endCondition } from './conditions.ts'
import type { Query, Store } from './connection.ts'
import { adoptIdentities } from './identities.ts'
import { closeIncident, lockIncident } from './incidents.ts'
import { openFor, regroup, type ToPlace } from './opening.ts'
import { noteRecovery } from './platforms.ts'
import {
  countDelivery,
  countOccurrence,
  decideAgain,
  insertIncident,
  keepAwake,
  noteResolve,
  raise,
  who,
  writeCounts,
} from './progress.ts'
import { noQuiet, type Quiet, settleQuiet } from './quieting.ts'
import { sql } from './sql.ts'
import {
  type Known,
  lockFolding,
  nothingKnown,
  type OpenIncident,
  readOpenOfAsset,
  readStanding,
  unheardOf,
} from './standing.ts'

/** Folds the alerts of one delivery, in order. Answers the incidents that are to be analysed. */
export async function foldAlerts(
  query: Query,
  rawId: string,
  alerts: readonly Alert[],
  quiet: Quiet = noQuiet,
): Promise<string[]> {
  await lockFolding(query)
  // Read under the lock, so that what is folded later has the later time.
  const clock = await query.first(z.object({ now: z.date() }), sql`select clock_timestamp() as now`)
  const now = clock?.now ?? new Date()
  await adoptIdentities(query, alerts)
  const unheard = await unheardOf(query, alerts)
  const repeated = repeatedIn(alerts)
  const touched = new Set<string>()
  const recovering = new Set<string>()
  const waiting: AlertRow[] = []
  for (const [position, alert] of alerts.entries()) {
    const isNew = unheard.delete(alert.fingerprint)
    const known = isNew ? nothingKnown(now) : await readStanding(query, alert, now)
    const ignored = quiet.ignored[position]
    const step: Fold = ignored ? { step: 'ignore', reason: ignored } : fold(alert, known)
    const mark = quietMark(alert, quiet.rules, quiet.active, now)
    const folded = await apply(query, alert, { ...known, quiet: mark?.kind ?? null }, step)
    if (folded.step === 'resolve_part' && known.open?.platform != null) recovering.add(known.open.id)
    const { place, analyse } = await settleQuiet(query, alert, folded, quiet, now)
    const row = { where: { rawId, position, now }, alert, place }
    // What belongs to no incident is nowhere looked for while this delivery is folded, but by its own condition.
    if (isNew && place.incident === null && !repeated.has(alert.fingerprint)) waiting.push(row)
    else await insertAlerts(query, [row])
    if (place.incident && analyse) touched.add(place.incident)
  }
  await insertAlerts(query, waiting)
  await writeCounts(query)
  for (const id of recovering) await noteRecovery(query, id)
  return undecidedOf(query, [...touched])
}

/** Looks again whether an incident belongs to one whose fix was under way; `waits` when it still is. */
export function regroupIncident(store: Store, id: string): Promise<{ waits: boolean }> {
  return store.transaction(async (query) => {
    await lockFolding(query)
    return regroup(query, id, new Date())
  })
}

/** The conditions of which a delivery tells more than once. */
function repeatedIn(alerts: readonly Alert[]): Set<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { fingerprint } of alerts) (seen.has(fingerprint) ? repeated : seen).add(fingerprint)
  return repeated
}

/** Writes what a step of domain/fold.ts means. */
async function apply(query: Query, alert: Alert, known: ToPlace, step: Fold): Promise<AlertPlace> {
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
    case 'resolve_part': {
      const { id } = required(known.open)
      await endCondition(query, id, alert.fingerprint)
      return { step: 'resolve_part', incident: id, endState: 'folded', reason: 'others of its incident still fire' }
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
      const id = required(known.open?.id ?? known.resolve?.incident ?? null)
      await countDelivery(query, id, alert, known.now)
      return { step: 'join_closed', incident: id, endState: 'folded', reason: 'it came after its resolve' }
    }
  }
}

async function recover(query: Query, alert: Alert, now: Date): Promise<AlertPlace> {
  const asset = assetKey(alert.asset, alert.environment)
  const found = await readOpenOfAsset(query, asset)
  const ended = found.filter((incident) => !isStale(alert, incident.latestStart, now))
  for (const { id } of ended) await recoverAsset(query, id, asset, { who, why: alert.title })
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

async function open(query: Query, alert: Alert, known: ToPlace, instead: boolean): Promise<AlertPlace> {
  if (instead) {
    const why = 'a firing that the dismissal does not cover'
    await closeIncident(query, required(known.open).id, 'expired', { who, why })
  }
  return openFor(query, alert, known)
}

/**
 * An asset of an incident is well again: with the last of them the incident is over. While a fix is under way the end is
 * noted, and verifying the fix ends it. Whether the incident is closed.
 */
export async function recoverAsset(
  query: Query,
  id: string,
  asset: string | null,
  reason: { who: string; why: string },
): Promise<boolean> {
  const { state, platform } = await lockIncident(query, id)
  if (isBeingFixed(state)) {
    await noteResolve(query, id)
    return false
  }
  const left = await endAsset(query, id, asset)
  if (left === 'none') return closeIncident(query, id, 'recovery', reason)
  if (platform !== null) await noteRecovery(query, id)
  return false
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

/**
 * Of these, the ones that are to be analysed now: a resolve in the same delivery may have ended one, and one may wait to
 * see whether it is its platform.
 */
async function undecidedOf(query: Query, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await query.rows(
    z.object({ id: z.string() }),
    sql`select id from incidents where id = any(${ids}) and state = 'open' and coalesce(dispatched_until, now()) <= now()`,
  )
  const undecided = new Set(rows.map((row) => row.id))
  return ids.filter((id) => undecided.has(id))
}

/** The steps that need an incident are only decided on when there is one. */
function required<T>(value: T | null): T {
  if (value === null) throw new Error('A step of the fold lacks what it was decided on.')
  return value
}
