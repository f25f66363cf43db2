import type { Category } from './alert.ts'
import { spellDuration } from './duration.ts'
import { type Deadline, lastDeadline, nearestDeadline, nextDeadline, spellDeadline } from './sla.ts'

/** Trouble that says that something has not come: with it a deadline just past is one missed, else one long met. */
const aboutTime: ReadonlySet<Category> = new Set(['freshness', 'pipeline_delay', 'pipeline_failure', 'volume', 'lock'])

/** What a promise comes to now, in the words of a catalogue entry. */
export interface Promised {
  sla_minutes: number | null
  sla_deadline: string | null
  /** Until the deadline; negative when it is past. */
  sla_minutes_left: number | null
  /** The deadline before: what was written after it was written for this one. */
  sla_since: string | null
}

/** The deadline that counts for this kind of trouble, and what is left of the time. */
export function promisedNow(
  { minutes, deadline }: { minutes?: number | undefined; deadline: Deadline | null },
  category: Category,
  now: Date,
): Promised {
  const due = deadline && (aboutTime.has(category) ? nearestDeadline : nextDeadline)(now, deadline)
  return {
    sla_minutes: minutes ?? null,
    sla_deadline: due?.toISOString() ?? null,
    sla_minutes_left: due ? Math.floor((due.getTime() - now.getTime()) / 60_000) : null,
    sla_since: (due && deadline && lastDeadline(due, deadline)?.toISOString()) ?? null,
  }
}

/** `promised by 08:00 Europe/Berlin, 2 h left`; one part for each promise. */
export function spellPromise(promised: Promised, deadline: Deadline | null): string[] {
  const { sla_minutes: minutes, sla_minutes_left: left } = promised
  return [
    ...(minutes === null ? [] : [`promised within ${minutes} min`]),
    ...(deadline && left !== null ? [`promised by ${spellDeadline(deadline)}, ${spellLeft(left)}`] : []),
  ]
}

function spellLeft(minutes: number): string {
  const time = spellDuration(Math.abs(minutes) * 60)
  return minutes < 0 ? `${time} ago` : `${time} left`
}
