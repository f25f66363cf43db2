import type { Severity } from '../../domain/alert.ts'
import type { Message, Occasion } from '../../domain/message.ts'

/** How a message begins. */
const openings: Record<Occasion, (severity: Severity) => string> = {
  decision: (severity) => severity,
  raw: (severity) => `${severity}, not analysed yet`,
  acknowledged: (severity) => `${severity}, taken on`,
  reminder: (severity) => `${severity}, still open`,
  escalated: (severity) => `${severity}, a person is needed`,
  fixed: () => 'Fixed',
  resolved: () => 'Resolved',
  merged: () => 'Part of another incident',
  still_broken: (severity) => `${severity}, still broken`,
  reopened: (severity) => `${severity}, real after all`,
  digest: () => 'Digest',
}

/** True when the message says that the incident is over. */
export function isOver({ occasion }: Pick<Message, 'occasion'>): boolean {
  return occasion === 'fixed' || occasion === 'resolved'
}

/** True when nothing more is told under this incident: it is over, or goes on in another. */
export function isEnd(message: Pick<Message, 'occasion' | 'dismissed'>): boolean {
  return isOver(message) || message.occasion === 'merged' || message.dismissed
}

/** How bad, and what is wanted of people: the first words of a message. */
export function openingOf({ occasion, severity, dry_run }: Message): string {
  return occasion === 'decision' && dry_run ? `${severity}, waits for approval` : openings[occasion](severity)
}

/** One line: how bad, and what. */
export function headline(message: Message): string {
  return `${openingOf(message)}: ${message.title}`
}

/** A titled part of the message: paragraphs, or a list. */
export interface Part {
  title: string | null
  lines: string[]
}

/** The whole message in parts, in the order in which people read it. Every line is text from anyone, not yet escaped. */
export function partsOf(message: Message): Part[] {
  if (message.occasion === 'digest')
    return [...message.sections, { title: null, lines: [message.note ?? '', message.next_step].filter(Boolean) }]
  const { asset, environment, owner, sla_owners, acknowledged_by, note, possible_repeat } = message
  const where = [asset, environment].filter((part) => part !== null).join(', ')
  const who = [
    owner ? `Owner: ${owner}` : 'No owner in the catalogue',
    sla_owners.length > 0 ? `promise of ${sla_owners.join(', ')}` : null,
    acknowledged_by ? `taken on by ${acknowledged_by}` : null,
  ]
  const parts: Part[] = [
    {
      title: null,
      lines: [
        where,
        who.filter((part) => part !== null).join('; '),
        note ?? '',
        possible_repeat ? 'Possible repeat: an earlier copy may have arrived.' : '',
      ],
    },
    { title: 'What happened', lines: isOver(message) ? [] : [message.what] },
    { title: 'Root cause', lines: [message.root_cause ?? ''] },
    { title: 'Impact', lines: isOver(message) ? [] : [message.impact ?? ''] },
    { title: 'Next step', lines: [message.next_step] },
    { title: 'Dry run', lines: [message.dry_run?.text ?? ''] },
    { title: 'Checklist', lines: message.checklist },
    { title: isOver(message) ? 'What was done' : 'Tried', lines: message.tried },
    { title: 'Evidence', lines: message.evidence.map(({ source, summary }) => `${source}: ${summary}`) },
    { title: 'Could not be checked', lines: message.unchecked },
  ]
  return parts
    .map(({ title, lines }) => ({ title, lines: lines.filter((line) => line.trim() !== '') }))
    .filter(({ lines }) => lines.length > 0)
}

/** Runbook and links of a message: only http(s) addresses without log-in data. */
export function linksOf({ runbook, links }: Message): { title: string; url: string }[] {
  const all = runbook ? [{ title: 'Runbook', url: runbook }, ...links] : links
  return all.flatMap(({ title, url: address }) => {
    const url = URL.parse(address)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return []
    url.username = ''
    url.password = ''
    return url.href.length > 2000 ? [] : [{ title, url: url.href }]
  })
}

/** What stands below: which incident, how often seen, who decided and how sure. */
export function footer({ incident, occurrences, analyzer, confidence }: Message): string {
  if (incident === '') return 'Told at the times that routing.yaml names.'
  const parts = [incident, occurrences === 1 ? 'seen once' : `seen ${occurrences} times`]
  if (analyzer) parts.push(`decided by ${analyzer}`)
  if (confidence !== null) parts.push(`${Math.round(confidence * 100)} % sure`)
  parts.push(wayToSay(incident))
  return parts.join(' · ')
}

/** How people say that a decision was wrong: no address and no token, so that whatever opens links changes nothing. */
export function wayToSay(incident: string): string {
  return `wrong? “npm run feedback -- ${incident}”, or its page in the console`
}
