import { z } from 'zod'
import { type Alert, sourceKey } from '../domain/alert.ts'
import type { AlertEndState } from '../domain/incident.ts'
import { ownSource } from '../domain/own-alert.ts'
import { quietMark } from '../domain/quiet.ts'
import { type QuietRules, quietRules } from '../domain/quiet-rules.ts'
import { schedule } from '../domain/schedule.ts'
import type { ActiveSilence } from '../domain/silence.ts'
import type { AlertPlace } from './alerts.ts'
import { type Access, type Query, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { scheduleSummary } from './limits.ts'
import { sql } from './sql.ts'

/** What is in force about keeping quiet while a delivery is folded. */
export interface Quiet {
  rules: QuietRules
  active: readonly ActiveSilence[]
  /** By position: why an alert is none of ours to fold (a heartbeat, an echo of our own), or null. */
  ignored: readonly (string | null)[]
}

/** Nothing is kept quiet but what is over the usual limits. */
export const noQuiet: Quiet = {
  rules: { ...quietRules({}), maxAgeHours: Number.POSITIVE_INFINITY, holdMinutes: 0 },
  active: [],
  ignored: [],
}

const QuietKind = z.enum(['silence', 'hold', 'limit', 'old'])
export type QuietKind = z.infer<typeof QuietKind>

/** An incident that nobody analyses for now, and why. */
export const Quieted = z.object({
  incident: z.string(),
  kind: QuietKind,
  reason: z.string(),
  since: z.date(),
  until: z.date().nullable(),
})
export type Quieted = z.infer<typeof Quieted>

/** Where an alert ends whose incident is not analysed; one that is held has no end yet. */
const ends: Record<QuietKind, AlertEndState | null> = {
  silence: 'silenced',
  hold: null,
  limit: 'logged',
  old: 'logged',
}

/**
 * After an alert was folded: keeps its incident from being analysed where silence, hold, age or limit say so, and
 * gives it free again when a firing comes that none of them covers. `analyse`: it is to be analysed now.
 */
export async function settleQuiet(
  query: Query,
  alert: Alert,
  place: AlertPlace,
  quiet: Quiet,
  now: Date,
): Promise<{ place: AlertPlace; analyse: boolean }> {
  const { incident } = place
  const isNew = place.step === 'open' || place.step === 'raise'
  if (incident === null || alert.status !== 'firing') return { place, analyse: isNew }
  const found = quietMark(alert, quiet.rules, quiet.active, now)
  // What is open already is known to be true, however long ago it began.
  const mark = found?.kind === 'old' && place.step === 'raise' ? null : found
  if (!isNew) return settleJoin(query, alert, { ...place, incident }, mark, quiet)
  const kept = mark ?? (await overLimit(query, alert, quiet.rules))
  if (!kept) return { place, analyse: true }
  await quieten(query, incident, kept)
  if (kept.kind === 'limit') await scheduleSummary(query, alert, quiet.rules)
  return { place: endedBy(place, kept), analyse: false }
}

type Mark = { kind: QuietKind; reason: string; until: Date | null }

async function settleJoin(
  query: Query,
  alert: Alert,
  place: AlertPlace & { incident: string },
  mark: Mark | null,
  { rules }: Quiet,
): Promise<{ place: AlertPlace; analyse: boolean }> {
  const before = await loadQuieted(query, place.incident)
  if (!before) return { place: mark?.kind === 'silence' ? endedBy(place, mark) : place, analyse: false }
  const still = mark ?? (before.kind === 'limit' ? await overLimit(query, alert, rules) : null)
  if (!still) {
    await release(query, place.incident)
    return { place, analyse: true }
  }
  // A hold is not drawn out by its own retries, and what is old does not get older.
  if (still.kind !== before.kind || still.kind === 'silence') await quieten(query, place.incident, still)
  const isEnded = still.kind === 'silence' || still.kind === 'old'
  return { place: isEnded ? endedBy(place, still) : place, analyse: false }
}

function endedBy(place: AlertPlace, { kind, reason }: Mark): AlertPlace {
  return { ...place, endState: ends[kind], reason }
}

/** Keeps an incident from being analysed and paged, until it is looked at again. */
export async function quieten(query: Query, incident: string, { kind, reason, until }: Mark): Promise<void> {
  await query.run(
    sql`insert into quieted (tenant, incident, kind, reason, until)
        values (current_setting('dim.tenant'), ${incident}, ${kind}, ${reason}, ${until})
        on conflict (tenant, incident) do update
        set kind = excluded.kind, reason = excluded.reason, until = excluded.until, since = now(), told = false`,
  )
  await removeDue(query, incident, ['dispatch', 'page_deadline'])
  if (until) await lookAgainAt(query, incident, until)
  else await removeDue(query, incident, ['hold'])
}

/** At its end, and every quarter of an hour before: a silence may be taken back. */
export async function lookAgainAt(query: Query, incident: string, until: Date): Promise<void> {
  const inMs = Math.min(Math.max(until.getTime() - Date.now(), 0), schedule.lookAgainMs)
  await scheduleDue(query, { kind: 'hold', subject: incident, inMs })
}

/** Gives a quiet incident free: it is analysed and paged like one that has just opened. False when it was not quiet. */
export async function release(query: Query, incident: string): Promise<boolean> {
  const removed = await query.run(sql`delete from quieted where incident = ${incident}`)
  await removeDue(query, incident, ['hold'])
  if (removed === 0) return false
  await query.run(sql`update incidents set dispatched_until = null where id = ${incident}`)
  await scheduleDue(query, { kind: 'dispatch', subject: incident, inMs: schedule.dispatchMs })
  await scheduleDue(query, { kind: 'page_deadline', subject: incident, inMs: schedule.pageDeadlineMs, ifAbsent: true })
  return true
}

/** Why nobody analyses an incident for now; null when it is not quiet. */
export function loadQuieted(access: Access, incident: string): Promise<Quieted | null> {
  return within(access, (query) =>
    query.first(Quieted, sql`select incident, kind, reason, since, until from quieted where incident = ${incident}`),
  )
}

/** Has every incident that a silence keeps quiet looked at by the next turn of the clock. */
export async function wakeSilenced(query: Query): Promise<void> {
  await query.run(
    sql`update due set due_at = now() where kind = 'hold'
        and subject in (select incident from quieted where kind = 'silence')`,
  )
}

/**
 * Whether a source, or all of them together, opened more incidents of late than are to be looked at one by one.
 * Counted without a lock: two at once may both be the last one.
 */
async function overLimit(query: Query, alert: Alert, rules: QuietRules): Promise<Mark | null> {
  if (alert.source === ownSource) return null
  const source = sourceKey(alert)
  const before = reached.get(query)?.get(source)
  if (before) return before
  const mark = await countOverLimit(query, source, rules)
  // What is over the limit stays so while the transaction lasts.
  if (mark) reached.set(query, (reached.get(query) ?? new Map()).set(source, mark))
  return mark
}

const reached = new WeakMap<Query, Map<string, Mark>>()

async function countOverLimit(query: Query, source: string, { limits }: QuietRules): Promise<Mark | null> {
  const opened = await query.first(
    z.object({ own: z.number(), all: z.number() }),
    sql`select (count(*) filter (where source = ${source}))::int as own, count(*)::int as all from incidents
        where opened_at > now() - make_interval(mins => ${limits.windowMinutes})
          and not exists (select from quieted where quieted.tenant = incidents.tenant and incident = incidents.id)`,
  )
  const { own = 0, all = 0 } = opened ?? {}
  const within = `in ${limits.windowMinutes} min`
  if (own > limits.perSource) {
    return {
      kind: 'limit',
      reason: `over the limit of ${limits.perSource} incidents of ${source} ${within}`,
      until: null,
    }
  }
  if (all <= limits.perTenant) return null
  return {
    kind: 'limit',
    reason: `over the limit of ${limits.perTenant} incidents of all sources ${within}`,
    until: null,
  }
}
