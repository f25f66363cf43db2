import { z } from 'zod'
import { type Alert, isWorse, Severity, worse } from '../domain/alert.ts'
import { isBeingFixed, isUndecided } from '../domain/fold.ts'
import { decidesAgain, flapDecidesAgain, isFlap, isMergeable, placeOf } from '../domain/grouping.ts'
import { IncidentState } from '../domain/incident.ts'
import { reminderMs, schedule } from '../domain/schedule.ts'
import { spotOf } from '../domain/spot.ts'
import type { AlertPlace } from './alerts.ts'
import { chooseRoot, markSources, readSurroundings, type Surroundings } from './conditions.ts'
import type { Query } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { addToTimeline } from './incidents.ts'
import { mergeInto } from './merging.ts'
import { namesOfPlatform, openPlatformIncident, readPlatformIncident, suspectHost, suspectOutage } from './platforms.ts'
import { countOccurrence, decideAgain, insertIncident, raise, scheduleAnalysis, who } from './progress.ts'
import type { QuietKind } from './quieting.ts'
import { sql } from './sql.ts'
import type { Known } from './standing.ts'

/** What placing a firing needs to know; `quiet` says why it is not to be looked at now. */
export interface ToPlace extends Known {
  quiet: QuietKind | null
}

/**
 * Finds a place for a firing whose condition is in no open incident: the incident of its platform, one of its asset or
 * lineage, the one that it was part of a moment ago, or a new one.
 */
export async function openFor(query: Query, alert: Alert, { now, ended, quiet }: ToPlace): Promise<AlertPlace> {
  const spot = spotOf(alert)
  // What is silenced says nothing about others, and is not told with them.
  if (quiet === 'silence') return openAlone(query, alert, now)
  const platform = spot.platform === null ? null : await namesOfPlatform(query, spot.platform)
  const host = spot.host === null || spot.host === spot.platform ? null : { key: spot.host, all: [spot.host] }
  for (const names of [platform, host]) {
    const outage = names && (await readPlatformIncident(query, names))
    if (outage) return joinPlatform(query, outage, alert, now)
  }
  const around = await readSurroundings(query, spot, now)
  const place = placeOf(around.neighbours)
  if (place.place === 'group') {
    if (quiet === null) return joinGroup(query, alert, place, { spot, around, now })
    return joinQuietly(query, alert, place.into, now)
  }
  if (quiet !== null) return openAlone(query, alert, now)
  if (ended && isFlap(ended, now)) return reopen(query, alert, ended, now)
  // A system that does not answer takes with it all that lives there, whatever database it is in.
  const down = host && (await suspectHost(query, host.key, now))
  const suspected = down ?? (platform && (await suspectOutage(query, platform, now)))
  const failing = down ? host : platform
  if (failing && suspected?.suspicion === 'outage') {
    const id = await openPlatformIncident(query, failing.key, alert, suspected, now)
    await countOccurrence(query, id, alert, now)
    await raiseTo(query, id, alert.severity)
    return { step: 'open', incident: id, endState: null, reason: null }
  }
  const opened = await openAlone(query, alert, now)
  if (suspected?.suspicion === 'hold') await hold(query, opened.incident)
  if (place.waits) await scheduleDue(query, { kind: 'regroup', subject: opened.incident, inMs: schedule.regroupMs })
  return opened
}

async function openAlone(query: Query, alert: Alert, now: Date): Promise<AlertPlace & { incident: string }> {
  const id = await insertIncident(query, alert, now)
  await countOccurrence(query, id, alert, now)
  await scheduleAnalysis(query, id)
  return { step: 'open', incident: id, endState: null, reason: null }
}

/** What waits for retries, or is old, is counted with its neighbours and changes nothing about them. */
async function joinQuietly(query: Query, alert: Alert, id: string, now: Date): Promise<AlertPlace> {
  const { state } = await readClaim(query, id)
  await countOccurrence(query, id, alert, now)
  return { step: 'join', incident: id, endState: isDecided(state) ? 'folded' : null, reason: null }
}

/** A child of its platform's incident: counted there, with no analysis of its own. */
async function joinPlatform(
  query: Query,
  { id, state }: { id: string; state: IncidentState },
  alert: Alert,
  now: Date,
): Promise<AlertPlace> {
  await countOccurrence(query, id, alert, now)
  await raiseTo(query, id, alert.severity)
  return { step: 'join', incident: id, endState: isDecided(state) ? 'folded' : null, reason: null }
}

/** Joins an open incident, ends in it those that turn out to be the same, and finds its root. */
async function joinGroup(
  query: Query,
  alert: Alert,
  { into, merge }: { into: string; merge: readonly string[] },
  { spot, around, now }: { spot: ReturnType<typeof spotOf>; around: Surroundings; now: Date },
): Promise<AlertPlace> {
  const before = await readClaim(query, into)
  await mergeInto(query, into, merge, { who, why: alert.title })
  await countOccurrence(query, into, alert, now)
  if (spot.node !== null) await markSources(query, into, spot.node, around)
  const isRerooted = isMergeable(before.state) && (await chooseRoot(query, into, before.state !== 'open'))
  const rises = await raiseTo(query, into, alert.severity)
  if (decidesAgain(before.state, { rises, isRerooted, hasMerged: merge.length > 0 })) {
    const why = isRerooted ? `the root is further upstream: ${alert.title}` : `more of it: ${alert.title}`
    await decideAgain(query, { id: into, state: before.state }, why)
    return { step: 'raise', incident: into, endState: null, reason: null }
  }
  return { step: 'join', incident: into, endState: isDecided(before.state) ? 'folded' : null, reason: null }
}

/** It fires again soon after its end: the same incident, and one more flap. */
async function reopen(query: Query, alert: Alert, ended: NonNullable<Known['ended']>, now: Date): Promise<AlertPlace> {
  const { id } = ended
  const again = flapDecidesAgain(ended, isWorse(alert.severity, ended.claimed))
  const state = again ? 'open' : ended.from
  await query.run(
    sql`update incidents set state = ${state}, closed_at = null, closed_how = null,
          flaps = flaps + 1, resolved_seen_at = null where id = ${id}`,
  )
  await removeDue(query, id, ['resolved_notice'])
  await countOccurrence(query, id, alert, now)
  await raiseTo(query, id, alert.severity)
  await chooseRoot(query, id, true)
  if (again) {
    await decideAgain(query, { id, state: 'resolved' }, `fires again: ${alert.title}`)
    return { step: 'raise', incident: id, endState: null, reason: null }
  }
  await addToTimeline(query, { incident: id, from: 'resolved', to: state, who, why: `fires again: ${alert.title}` })
  if (state !== 'logged') await scheduleDue(query, { kind: 'reminder', subject: id, inMs: reminderMs(null) })
  return { step: 'join', incident: id, endState: 'folded', reason: 'it comes and goes' }
}

/** Looks again whether an incident belongs to others near it. `waits` when a fix is still under way there. */
export async function regroup(query: Query, id: string, now: Date): Promise<{ waits: boolean }> {
  const self = await query.first(
    z.object({
      state: IncidentState,
      node: z.string().nullable(),
      scope: z.string().nullable(),
      environment: z.string().nullable(),
    }),
    sql`select state, node, scope, conditions.environment
        from incidents join conditions on conditions.tenant = incidents.tenant and conditions.incident = incidents.id
          and conditions.fingerprint = incidents.fingerprint
        where incidents.id = ${id} and closed_at is null and incidents.platform is null for update of incidents`,
  )
  if (!self || self.node === null || !isMergeable(self.state)) return { waits: false }
  const spot = { node: self.node, scope: self.scope ?? '', environment: self.environment, platform: null, host: null }
  const around = await readSurroundings(query, spot, now, id)
  const place = placeOf(around.neighbours)
  if (place.place === 'alone') return { waits: place.waits }
  if (!around.neighbours.some((one) => one.id === place.into && isMergeable(one.state))) return { waits: true }
  const before = await readClaim(query, place.into)
  await mergeInto(query, place.into, [id, ...place.merge], { who, why: 'the fix is over' })
  await markSources(query, place.into, self.node, around)
  await chooseRoot(query, place.into, before.state !== 'open')
  if (before.state !== 'open') await decideAgain(query, { id: place.into, state: before.state }, `it takes in ${id}`)
  return { waits: false }
}

const Claim = z.object({ state: IncidentState, severity: Severity, claimed: Severity })

async function readClaim(query: Query, id: string): Promise<z.infer<typeof Claim>> {
  const found = await query.first(
    Claim,
    sql`select state, severity, claimed_severity as claimed from incidents where id = ${id} for update`,
  )
  if (!found) throw new Error('An incident that was found is not there.')
  return found
}

/** Whether the incident is worse now than monitors had claimed. */
async function raiseTo(query: Query, id: string, severity: Severity): Promise<boolean> {
  const before = await readClaim(query, id)
  if (!isWorse(severity, before.claimed)) return false
  await raise(query, { id, severity: before.severity }, worse(severity, before.claimed))
  return true
}

/** Nobody starts its analysis for a moment: it may be about to become its platform's. */
async function hold(query: Query, id: string): Promise<void> {
  await query.run(
    sql`update incidents set dispatched_until = now() + make_interval(secs => ${schedule.outageHoldMs / 1000})
        where id = ${id}`,
  )
}

function isDecided(state: IncidentState): boolean {
  return !isUndecided(state) && !isBeingFixed(state)
}
