import { atUtc, lasting } from './words.ts'

/** How long ago something was, with the instant itself on hovering and for machines. The page's script keeps it true. */
export function Ago({ at, now }: { at: Date; now: Date }) {
  return (
    <time dateTime={at.toISOString()} title={atUtc(at)} data-ago>
      {lasting(now.getTime() - at.getTime())} ago
    </time>
  )
}

/** An instant in UTC. */
export function At({ at }: { at: Date }) {
  return <time dateTime={at.toISOString()}>{atUtc(at)}</time>
}

/** The clock of a promise: what is left of it, or for how long it has been broken. */
export function Deadline({ at, now }: { at: Date | null; now: Date }) {
  if (!at) return <span class="muted">none promised</span>
  const left = at.getTime() - now.getTime()
  const urgency = left < 0 ? 'broken' : left < 3_600_000 ? 'near' : 'far'
  return (
    <time class={`deadline ${urgency}`} dateTime={at.toISOString()} title={`SLA: ${atUtc(at)}`} data-deadline>
      {left < 0 ? `${lasting(-left)} late` : `${lasting(left)} left`}
    </time>
  )
}
