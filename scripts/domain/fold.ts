import { type Alert, isWorse, type Severity } from './alert.ts'
import type { IncidentState } from './incident.ts'
import { schedule } from './schedule.ts'

/** What the store knows about the condition of an alert that comes in. */
export interface Standing {
  /** When it came in, by the store's clock. A time in a payload that lies after this drives nothing. */
  now: Date
  /** The incident of this condition that is not closed. */
  open: {
    state: IncidentState
    /** The worst that monitors claimed. What was decided since may be milder: it does not count here. */
    claimed: Severity
    decidedAt: Date | null
    /** The latest start that firings of this condition claimed. */
    latestStart: Date | null
    /** This condition is over, and the incident still open for others. */
    isOver: boolean
    /** Whether other conditions of the incident are not over. */
    hasOthers: boolean
  } | null
  /** Whether this very delivery was counted before, in the open incident or in the one that the resolve ended. */
  seen: boolean
  /** The resolve that may speak of this firing: of the last day, the one that names it, or else the latest. */
  resolve: {
    receivedAt: Date
    endedAt: Date | null
    /** Whether its firing is known. One that is not came first, or there was nothing to resolve. */
    met: boolean
    /** Whether it names the very start of this firing. */
    named: boolean
    /** Whether it only repeats an earlier resolve, with no firing in between. */
    repeats: boolean
  } | null
}

/** What one alert does. */
export type Fold =
  /** It is information: kept, and nothing else. */
  | { step: 'ignore'; reason: string }
  /** Its asset succeeded: closes what is open about that asset. */
  | { step: 'recover' }
  /** Delivered before: kept, but no occurrence. */
  | { step: 'repeat' }
  /** `again`: it became worse after it was decided, or while it is, and is decided anew. */
  | { step: 'join'; severity: Severity; again: boolean }
  /** A new incident; `instead` closes the dismissed one that this firing does not fit. */
  | { step: 'open'; instead: boolean }
  /** The last condition of its incident that was not over. */
  | { step: 'resolve' }
  /** The condition is over; others of its incident still fire. */
  | { step: 'resolve_part' }
  /** The resolve is noted: a fix is under way, and its verification ends the incident. */
  | { step: 'resolve_later' }
  /** It speaks of an earlier time than the firing that is known. */
  | { step: 'resolve_stale' }
  /** A resolve with nothing open: kept, its firing may come yet. */
  | { step: 'resolve_early' }
  /** A firing whose resolve was here first: an incident that is over already, not worth an analysis. */
  | { step: 'open_resolved' }
  /** A firing, late, of an incident that a resolve has ended. */
  | { step: 'join_closed' }

/**
 * Decides what one alert does, given what is known about its condition. An incident may hold several conditions
 * (domain/grouping.ts): a resolve ends its own condition, and the incident with the last of them. Whatever else closes
 * an incident (a fix that was verified, its quiet time, a person) ends all of them: what is still wrong fires again.
 */
export function fold(alert: Alert, standing: Standing): Fold {
  if (alert.status === 'info') return foldInformation(alert)
  return alert.status === 'resolved' ? foldResolve(alert, standing) : foldFiring(alert, standing)
}

/** Whether an alert reports that its asset succeeded. */
export function isSuccess(alert: Alert): boolean {
  return alert.status === 'info' && alert.labels.outcome === 'success' && alert.asset !== null
}

/** Whether a success, or a resolve, is of a time before the firing that it would end. */
export function isStale(alert: Alert, latestStart: Date | null, now: Date): boolean {
  const ended = notAhead(alert.ended_at, now)
  return ended !== null && latestStart !== null && ended < latestStart
}

/** The time that a payload claims; never later than `now`. */
export function notAhead(claimed: string | null, now: Date): Date | null {
  if (claimed === null) return null
  const time = new Date(claimed)
  if (Number.isNaN(time.getTime())) return null
  return time > now ? now : time
}

/** Whether a fix is under way, or waits for a person: then neither a resolve nor a worse firing changes the state. */
export function isBeingFixed(state: IncidentState): boolean {
  return state === 'fixing' || state === 'verifying'
}

export function isUndecided(state: IncidentState): boolean {
  return state === 'open' || state === 'analyzing'
}

function foldInformation(alert: Alert): Fold {
  if (isSuccess(alert)) return { step: 'recover' }
  return { step: 'ignore', reason: 'information, not an alert' }
}

function foldResolve(alert: Alert, { open, now }: Standing): Fold {
  if (!open || open.isOver) return { step: 'resolve_early' }
  if (isStale(alert, open.latestStart, now)) return { step: 'resolve_stale' }
  if (open.hasOthers) return { step: 'resolve_part' }
  return isBeingFixed(open.state) ? { step: 'resolve_later' } : { step: 'resolve' }
}

/** What was decided, or is being decided, on what was known before. */
const isJudged: ReadonlySet<IncidentState> = new Set<IncidentState>(['analyzing', 'logged', 'notified', 'escalated'])

function foldFiring(alert: Alert, standing: Standing): Fold {
  const { open, seen } = standing
  if (!open) return foldFirst(alert, standing)
  if (open.state === 'dismissed' && !isCovered(alert, open, standing.now)) return { step: 'open', instead: true }
  // A firing of a time before the end of its condition says nothing new; any other brings the condition back.
  if (open.isOver && foldFirst(alert, standing).step !== 'open') return { step: 'join_closed' }
  if (seen && !open.isOver) return { step: 'repeat' }
  const rises = isWorse(alert.severity, open.claimed)
  const severity = rises ? alert.severity : open.claimed
  return { step: 'join', severity, again: rises && isJudged.has(open.state) }
}

/** A dismissal holds for the same condition at the same severity, and for an hour. */
function isCovered(alert: Alert, open: NonNullable<Standing['open']>, now: Date): boolean {
  if (open.decidedAt === null || alert.severity !== open.claimed) return false
  return now.getTime() - open.decidedAt.getTime() < schedule.dismissalHoldsMs
}

function foldFirst(alert: Alert, { resolve, seen, now }: Standing): Fold {
  if (!resolve) return { step: 'open', instead: false }
  const started = notAhead(alert.started_at, now)
  const isTimed = started !== null && resolve.endedAt !== null
  const isBefore = started !== null && resolve.endedAt !== null && started <= resolve.endedAt
  const age = now.getTime() - resolve.receivedAt.getTime()
  if (resolve.met) {
    // Deliveries overtake each other by minutes. A repeat may come much later; but a sender whose start never changes
    // fires anew under the same start, and must be heard.
    const patience = seen ? schedule.timedResolveMs : schedule.earlyResolveMs
    return isBefore && age < patience ? { step: 'join_closed' } : { step: 'open', instead: false }
  }
  // A monitor that says "all is well" every minute must not swallow the firing that follows.
  const isMeant = isTimed ? isBefore && age < schedule.timedResolveMs : age < schedule.earlyResolveMs
  return isMeant && (resolve.named || !resolve.repeats) ? { step: 'open_resolved' } : { step: 'open', instead: false }
}
