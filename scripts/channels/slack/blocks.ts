import type { Severity } from '../../domain/alert.ts'
import type { Message, Occasion } from '../../domain/message.ts'
import { escapeMrkdwn, escapePlain, link, quote } from './mrkdwn.ts'

/** `verbatim`: Slack turns no bare name or address into a link or a mention. */
interface Mrkdwn {
  type: 'mrkdwn'
  text: string
  verbatim: true
}

/** The few kinds of block that a message needs. https://docs.slack.dev/reference/block-kit/blocks */
export type SlackBlock =
  | { type: 'header'; block_id: string; text: { type: 'plain_text'; text: string; emoji: false } }
  | { type: 'section'; text: Mrkdwn }
  | { type: 'context'; elements: Mrkdwn[] }

const severityIcons: Record<Severity, string> = { CRITICAL: '🔴', HIGH: '🟠', MEDIUM: '🟡', LOW: '⚪' }

/** How the header begins. */
const openings: Record<Occasion, (severity: Severity) => string> = {
  decision: (severity) => `${severityIcons[severity]} ${severity}`,
  raw: (severity) => `${severityIcons[severity]} ${severity}, not analysed yet`,
  reminder: (severity) => `${severityIcons[severity]} ${severity}, still open`,
  escalated: (severity) => `${severityIcons[severity]} ${severity}, a person is needed`,
  fixed: () => '✅ Fixed',
  resolved: () => '✅ Resolved',
}

/** Slack takes 150 characters in a header, 255 in a `block_id`, 3,000 in a text. */
const headerLimit = 150
const blockIdLimit = 255
const textLimit = 3000

/**
 * Who reads it on a phone sees at first what happened, why, what it costs and what to do; then what that rests on.
 * Good news is short: what was done, and that nothing is left to do.
 */
export function layOut(message: Message, key: string): SlackBlock[] {
  const text = (value: string, limit = 1200) => escapeMrkdwn(value, limit)
  const isOver = message.occasion === 'fixed' || message.occasion === 'resolved'
  const cause = titled('Root cause', message.root_cause && text(message.root_cause))
  const tried = titled(isOver ? 'What was done' : 'Tried', list(message.tried.map((line) => text(line, 350))))
  const nextStep = titled('Next step', text(message.next_step))
  const middle = isOver
    ? [tried, cause, nextStep]
    : [
        section(quote(text(message.what, 1500))),
        cause,
        titled('Impact', message.impact && text(message.impact)),
        nextStep,
        tried,
        titled(
          'Evidence',
          list(message.evidence.map(({ source, summary }) => `*${text(source, 30)}*  ${text(summary, 350)}`)),
        ),
        titled('Could not be checked', list(message.unchecked.map((line) => text(line, 250)))),
      ]
  const blocks = [
    header(message, key),
    context(whereAndWho(message)),
    ...middle,
    section(links(message)),
    context(footer(message)),
  ]
  return blocks.filter((block) => block !== null)
}

/** What a notification shows, and a client that knows no blocks. */
export function fallbackText(message: Message): string {
  const parts = [
    `${openings[message.occasion](message.severity)}: ${message.title}`,
    message.root_cause ?? '',
    message.next_step,
  ]
  return escapeMrkdwn(parts.filter(Boolean).join(' — '), 600)
}

function header({ occasion, severity, title }: Message, key: string): SlackBlock {
  const text = escapePlain(`${openings[occasion](severity)}: ${title}`, headerLimit)
  return { type: 'header', block_id: key.slice(0, blockIdLimit), text: { type: 'plain_text', text, emoji: false } }
}

function whereAndWho({ asset, environment, owner, possible_repeat }: Message): string {
  const parts = [asset, environment].flatMap((part) => (part ? `*${escapeMrkdwn(part, 200)}*` : []))
  parts.push(owner ? `owner *${escapeMrkdwn(owner, 200)}*` : 'no owner in the catalogue')
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
