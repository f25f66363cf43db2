import type { Action } from '../../scripts/domain/decision.ts'
import type { AlertEndState, IncidentState } from '../../scripts/domain/incident.ts'
import { oneLine } from '../../scripts/domain/text.ts'

/** What people read for each state. */
export const stateWords: Record<IncidentState, string> = {
  open: 'New',
  analyzing: 'Being analysed',
  dismissed: 'Dismissed',
  logged: 'Logged',
  notified: 'People told',
  awaiting_approval: 'Awaiting approval',
  fixing: 'Being fixed',
  verifying: 'Fix being verified',
  resolved: 'Resolved',
  escalated: 'Escalated',
}

export const actionWords: Record<Action, string> = {
  dismiss: 'Dismiss',
  log_only: 'Log only',
  notify_team: 'Tell the team',
  auto_fix: 'Fix',
}

export const endWords: Record<AlertEndState, string> = {
  folded: 'folded',
  dismissed: 'dismissed',
  logged: 'logged',
  notified: 'told',
  fixed: 'fixed',
  ignored: 'ignored',
  silenced: 'silenced',
  observed: 'observed',
  would_dismiss: 'would be dismissed',
  dead_letter: 'dead letter',
}

/** `airflow_clear_task` → `airflow clear task`. */
export function spoken(key: string): string {
  return key.replaceAll('_', ' ')
}

/** A name that anybody may have chosen, on one line and as long as a name may be. */
export function named(text: string): string {
  return oneLine(text, 200)
}

/** `1 alert`, `12 alerts`, `1,200 alerts`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`
}

export function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const

/** A length of time in its two largest units: `2 d 4 h`, `12 min`, `40 s`. */
export function lasting(ms: number): string {
  let seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const parts: string[] = []
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length)
    seconds -= count * length
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

/** An instant as UTC, to the minute: `24 Nov 2026, 07:40 UTC`. */
export function atUtc(instant: Date): string {
  return `${instant.toLocaleString('en-GB', {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })} UTC`
}

/** As words begin a sentence. */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
