import type { Severity } from '../../domain/alert.ts'
import type { Message, Occasion } from '../../domain/message.ts'
import { isOver, openingOf, wayToSay } from '../shared/plain.ts'
import { escapeMrkdwn, escapePlain, link, quote } from './mrkdwn.ts'

/** `verbatim`: Slack turns no bare name or address into a link or a mention. */
interface Mrkdwn {
  type: 'mrkdwn'
  text: string
  verbatim: true
}

/** The few kinds of block that a message needs. https://docs.slack.dev/reference/block-kit/blocks */
export type SlackBlock =
  | { type: 'header'; block_id?: string; text: { type: 'plain_text'; text: string; emoji: false } }
  | { type: 'section'; text: Mrkdwn }
  | { type: 'context'; elements: Mrkdwn[] }

const severityIcons: Record<Severity, string> = { CRITICAL: '🔴', HIGH: '🟠', MEDIUM: '🟡', LOW: '⚪' }

/** What an end, or no incident, shows in place of a severity. */
const ownIcons: Partial<Record<Occasion, string>> = { fixed: '✅', resolved: '✅', merged: '➡️', digest: '🗒' }

/** Slack takes 150 characters in a header, 255 in a `block_id`, 3,000 in a text. */
const headerLimit = 150
const blockIdLimit = 255
const textLimit = 3000

/**
 * Who reads it on a phone sees at first what happened, why, what it costs and what to do; then what that rests on.
 * Good news is short: what was done, and that nothing is left to do.
 */
export function layOut(message: Message, key: string): SlackBlock[] {
  if (message.occasion === 'digest') return layOutDigest(message, key)
  const { cause, impact, nextStep, dryRun, tried, what, rest } = parts(message)
  const middle = isOver(message) ? [tried, cause, nextStep] : [what, cause, impact, nextStep, dryRun, tried, ...rest]
  return present([
    header(message, key),
    context(whereAndWho(message)),
    ...middle,
    section(links(message)),
    context(footer(message)),
  ])
}

/** The one message of an incident that a bot keeps up to date: what is known, in short. */
export function layOutRoot(message: Message): SlackBlock[] {
  if (message.occasion === 'digest') return layOutDigest(message)
  const { cause, impact, nextStep, dryRun, tried, what } = parts(message)
  // Where it goes on is all that still counts of what goes on elsewhere.
  const goesOn = message.occasion === 'merged' ? [what] : [cause ?? what, impact, nextStep, dryRun]
  const middle = isOver(message) ? [tried, cause] : goesOn
  return present([
    header(message),
    context(whereAndWho(message)),
    ...middle,
    section(links(message)),
    context(footer(message)),
  ])
}

/** What goes into its thread. A change begins by saying what has changed. */
export function layOutDetails(message: Message, isChange: boolean): SlackBlock[] {
  const { cause, nextStep, dryRun, tried, what, rest } = parts(message)
  const who = message.acknowledged_by ? ` by ${escapeMrkdwn(message.acknowledged_by, 100)}` : ''
  const change = isChange ? [section(`*${opening(message)}*${message.occasion === 'acknowledged' ? who : ''}`)] : []
  if (isOver(message)) return present([...change, tried])
  if (message.occasion === 'digest') return []
  if (message.occasion === 'acknowledged') return present(change)
  if (message.occasion === 'merged') return present([...change, what])
  if (message.occasion === 'reminder') return present([...change, note(message), nextStep])
  const shown = isChange ? [cause, nextStep, dryRun, tried, ...rest] : [cause && what, tried, ...rest]
  return present([...change, note(message), ...shown])
}

function layOutDigest(message: Message, key?: string): SlackBlock[] {
  const sections = message.sections.map(({ title, lines }) =>
    titled(escapeMrkdwn(title, 100), list(lines.map((line) => escapeMrkdwn(line, 400)))),
  )
  return present([header(message, key), note(message), ...sections, section(escapeMrkdwn(message.next_step, 400))])
}

function note(message: Message): SlackBlock | null {
  return message.note ? section(escapeMrkdwn(message.note, 300)) : null
}

function parts(message: Message) {
  const text = (value: string, limit = 1200) => escapeMrkdwn(value, limit)
  const evidence = message.evidence.map(({ source, summary }) => `*${text(source, 30)}*  ${text(summary, 350)}`)
  return {
    what: section(quote(text(message.what, 1500))),
    cause: titled('Root cause', message.root_cause && text(message.root_cause)),
    impact: titled('Impact', message.impact && text(message.impact)),
    nextStep: titled('Next step', text(message.next_step)),
    dryRun: message.dry_run && titled('Dry run', quotedIf(message.dry_run.known, text(message.dry_run.text))),
    tried: titled(isOver(message) ? 'What was done' : 'Tried', list(message.tried.map((line) => text(line, 350)))),
    rest: [
      titled('Checklist', list(message.checklist.map((line) => text(line, 400)))),
      titled('Evidence', list(evidence)),
      titled('Could not be checked', list(message.unchecked.map((line) => text(line, 250)))),
    ],
  }
}

/** What a system said is quoted; our own words are not. */
function quotedIf(isQuotation: boolean, escaped: string): string {
  return isQuotation ? quote(escaped) : escaped
}

function present(blocks: readonly (SlackBlock | null)[]): SlackBlock[] {
  return blocks.filter((block) => block !== null)
}

/** What a notification shows, and a client that knows no blocks. */
export function fallbackText(message: Message): string {
  const parts = [`${opening(message)}: ${message.title}`, message.root_cause ?? '', message.next_step]
  return escapeMrkdwn(parts.filter(Boolean).join(' — '), 600)
}

/** How the header begins. */
function opening(message: Message): string {
  return `${ownIcons[message.occasion] ?? severityIcons[message.severity]} ${openingOf(message)}`
}

function header(message: Message, key?: string): SlackBlock {
  const text = escapePlain(`${opening(message)}: ${message.title}`, headerLimit)
  const block = { type: 'header' as const, text: { type: 'plain_text' as const, text, emoji: false as const } }
  return key === undefined ? block : { ...block, block_id: key.slice(0, blockIdLimit) }
}

function whereAndWho({
  asset,
  environment,
  owner,
  sla_owners,
  acknowledged_by,
  note,
  possible_repeat,
}: Message): string {
  const parts = [asset, environment].flatMap((part) => (part ? `*${escapeMrkdwn(part, 200)}*` : []))
  parts.push(owner ? `owner *${escapeMrkdwn(owner, 200)}*` : 'no owner in the catalogue')
  if (sla_owners.length > 0) parts.push(`promise of *${escapeMrkdwn(sla_owners.slice(0, 5).join(', '), 300)}*`)
  if (acknowledged_by) parts.push(`taken on by *${escapeMrkdwn(acknowledged_by, 100)}*`)
  if (note) parts.push(escapeMrkdwn(note, 300))
  if (possible_repeat) parts.push('↻ _possible repeat: an earlier copy may have arrived_')
  return parts.join('  ·  ')
}

function links(message: Message): string {
  const all = message.runbook ? [{ title: 'Runbook', url: message.runbook }, ...message.links] : message.links
  return all.map(({ title, url }) => link(title, url)).join('  ·  ')
}

function footer({ incident, occurrences, analyzer, confidence }: Message): string {
  const parts = [escapeMrkdwn(incident, 100), occurrences === 1 ? 'seen once' : `seen ${occurrences} times`]
  if (analyzer) parts.push(`decided by ${escapeMrkdwn(analyzer, 100)}`)
  if (confidence !== null) parts.push(`${Math.round(confidence * 100)} % sure`)
  parts.push(escapeMrkdwn(wayToSay(incident), 200))
  return parts.join('  ·  ')
}

function titled(title: string, text: string | null): SlackBlock | null {
  return text ? section(`*${title}*\n${text}`) : null
}

function section(text: string): SlackBlock | null {
  return text ? { type: 'section', text: mrkdwn(text) } : null
}

function context(text: string): SlackBlock {
  return { type: 'context', elements: [mrkdwn(text)] }
}

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true }
}

/** A line for each item; what does not fit into one text is counted. */
function list(items: readonly string[]): string {
  let lines = ''
  for (const [index, item] of items.entries()) {
    const line = `${index === 0 ? '' : '\n'}•  ${item.replaceAll('\n', ' ')}`
    if (lines.length + line.length > textLimit - 100) return `${lines}\n•  and ${items.length - index} more`
    lines += line
  }
  return lines
}
