import type { z } from 'zod'
import { type Severity, worse } from './alert.ts'
import { Message } from './message.ts'
import type { Digest } from './routing.ts'
import { nextDeadline } from './sla.ts'
import { oneLine } from './text.ts'

/** Why an incident stands in a digest; in the order in which people read it. */
export const digestParts = [
  ['unacknowledged', 'Open, and nobody has acknowledged'],
  ['taken', 'Open, and taken on'],
  ['dismissed', 'Dismissed'],
  ['logged', 'Logged as a ticket, nobody told'],
  ['silenced', 'Silenced'],
  ['held', 'Held back'],
] as const
export type DigestPart = (typeof digestParts)[number][0]

/** One incident of a digest, and why it is there. */
export interface DigestLine {
  part: DigestPart
  incident: string
  severity: Severity
  title: string
  why: string
}

/** What a digest tells of: the lines that are shown, and how many there are of each part. */
export interface DigestContent {
  lines: readonly DigestLine[]
  counts: ReadonlyMap<DigestPart, number>
}

const minute = 60_000

/** When a digest is next due, from `now` on. */
export function nextDigest({ at, zone = 'UTC', days }: Digest, now: Date): Date | null {
  const times = at.flatMap((deadline) => nextDeadline(now, { deadline, zone, days }) ?? [])
  return times.length === 0 ? null : new Date(Math.min(...times.map((time) => time.getTime())))
}

/** Whether a digest was meant for that minute: the file may have changed since it was planned. */
export function isDigestTime(digest: Digest, instant: Date): boolean {
  const next = nextDigest(digest, new Date(instant.getTime() - minute + 1))
  return next !== null && next.getTime() === instant.getTime()
}

/** The message; null when there is nothing to tell. Every text may come from anyone. */
export function digestMessage(name: string, { lines, counts }: DigestContent): Message | null {
  if (lines.length === 0) return null
  const of = (part: DigestPart) => counts.get(part) ?? 0
  const open = of('unacknowledged') + of('taken')
  const said = [
    `${open} open`,
    ...(of('unacknowledged') > 0 ? [`${of('unacknowledged')} not acknowledged`] : []),
    ...digestParts.flatMap(([part, title]) =>
      of(part) > 0 && part !== 'unacknowledged' && part !== 'taken'
        ? [`${of(part)} ${title.toLowerCase().replace(/,.*| as.*/, '')}`]
        : [],
    ),
  ]
  const openLines = lines.filter(({ part }) => part === 'unacknowledged' || part === 'taken')
  return Message.parse({
    occasion: 'digest',
    incident: '',
    severity: openLines.reduce<Severity>((worst, { severity }) => worse(worst, severity), 'LOW'),
    title: oneLine(`${name}: ${said.join(', ')}`, 300),
    what: '',
    root_cause: null,
    impact: null,
    owner: null,
    evidence: [],
    sections: digestParts.flatMap(([part, title]) => sectionOf(part, title, lines, of(part))),
    runbook: null,
    links: [],
    unchecked: [],
    next_step:
      'Was one of these real? Say so: “npm run feedback -- INCIDENT real”, or “This was real” under Quiet in the console. It is opened again, its people are told, and what dismissed it is trusted less.',
    tried: [],
    confidence: null,
    analyzer: null,
    occurrences: 0,
    possible_repeat: false,
  } satisfies z.input<typeof Message>)
}

function sectionOf(part: DigestPart, title: string, lines: readonly DigestLine[], count: number): Message['sections'] {
  const own = lines.filter((line) => line.part === part)
  if (own.length === 0) return []
  const shown = own.map(({ incident, severity, title: what, why }) =>
    oneLine(`${incident}, ${severity}: ${oneLine(what, 120)} — ${oneLine(why, 220)}`, 400),
  )
  const rest = count - own.length
  return [{ title: `${title} (${count})`, lines: rest > 0 ? [...shown, `and ${rest} more, in the console`] : shown }]
}
