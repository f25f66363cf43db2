import type { Severity } from '../alert.ts'
import { remember } from '../remember.ts'
import { findLeaf, type Leaf, ranked, sampleCost } from './leaves.ts'
import { readLogLevel, readPriority, readSeverity } from './severity.ts'
import { readSaidScale } from './severity-scale.ts'
import { lookUp } from './value.ts'

const severities = ranked(`
  severityname severitylabel severitytext severity alertseverity severitylevel severityslug severityvalue criticality sev priorityname prioritylabel priority
  prioritylevel alertpriority level loglevel lvl alertlevel errorlevel importancelevel rank importance urgency impactlevel triggertype eventtype messagetype impact`)

const numbered = new Set(['severity', 'sev', 'priority', 'alertpriority', 'urgency', 'rank', 'lvl'])
/** Keys that may hold the first letter of a log level. */
const lettered = new Set(['severity', 'sev', 'level', 'lvl', 'loglevel'])
const letters: Readonly<Record<string, Severity>> = {
  F: 'CRITICAL',
  C: 'CRITICAL',
  E: 'HIGH',
  W: 'MEDIUM',
  N: 'LOW',
  I: 'LOW',
  D: 'LOW',
}

/** Graylog counts its events' priorities upwards: https://go2docs.graylog.org/current/interacting_with_your_log_data/event_definitions.html */
const graylog: readonly (Severity | undefined)[] = [undefined, 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']

/** A field that says how bad it is, then `[P2]` at the head of the title; null when nothing does. */
export function readAnySeverity(leaves: readonly Leaf[], title: string): Severity | null {
  const isGraylog = leaves.some(({ key }) => key === 'eventdefinitionid')
  const severityOf = (leaf: Leaf) =>
    isGraylog && leaf.key === 'priority'
      ? (graylog[Number(leaf.text)] ?? null)
      : (readSaidScale(leaf, leaves) ?? severityIn(leaf))
  const leaf = findLeaf(leaves, severities, (one) => severityOf(one) !== null)
  // A word beside a number says what the number means.
  const inWords =
    leaf !== null && typeof leaf.value === 'string' && !/^\d/.test(leaf.text) ? null : saidSeverity(leaves)
  if (inWords !== null) return inWords
  if (leaf) return severityOf(leaf)
  return readMarkedSeverity(title) ?? readStateSeverity(leaves) ?? readPluginSeverity(leaves)
}

function severityIn({ key, value, text }: Leaf): Severity | null {
  // `impact: major` is on the scale, a sentence about the impact is not.
  if (key === 'impact' && /\s\S+\s/.test(text)) return null
  if (lettered.has(key) && /^[A-Z]$/.test(text)) return lookUp(letters, text) ?? null
  return readSeverity(value) ?? (numbered.has(key) ? readNumber(value) : key === 'level' ? readLogLevel(value) : null)
}

/** Where a word of severity may stand beside a number: a key that means nothing else (`highest_severity: fatal`), a text. */
const placeOf = remember((key): 'key' | 'text' | 'none' =>
  /(?:severity|criticality)(?:label|name|text)?$/.test(key)
    ? 'key'
    : /(?:text|message|description|body|content|details|summary|markdown)$/.test(key)
      ? 'text'
      : 'none',
)
/** `*Highest severity*: fatal`, `Severity = high`, on a line of a text. */
const said =
  /(?:^|[\n,;|([])[\s*_>•-]{0,8}(?:\w{1,20} )?(?:severity|criticality)[*_`]{0,3}\s?[:=]\s?[*_`]{0,3}\s?(\w{1,14})/i

/** How bad a key that ends in it says it is, then a line of a text. */
function saidSeverity(leaves: readonly Leaf[]): Severity | null {
  for (const { key, text, distance } of leaves) {
    const place = placeOf(key)
    if (place === 'none' || distance >= sampleCost || /^\d/.test(text)) continue
    const word = place === 'key' ? text : said.exec(text.slice(0, 2_000))?.[1]
    const severity = word === undefined ? null : readSeverity(word)
    if (severity !== null) return severity
  }
  return null
}

/** Beyond 5 a scale runs to 10, and 10 is the worst. */
function readNumber(value: Leaf['value']): Severity | null {
  const number = typeof value === 'boolean' ? Number.NaN : Number(value)
  if (!Number.isInteger(number) || number < 6 || number > 10) return readPriority(value)
  return number >= 9 ? 'CRITICAL' : number >= 7 ? 'HIGH' : 'MEDIUM'
}

/** `[P2] x`, `Critical: x`, `WARNING x`; a word alone begins a sentence as well: `Low stock`. */
function readMarkedSeverity(title: string): Severity | null {
  const [, before = '', word = '', behind = ''] = /^(\W{0,4})(\w{1,14})(\W{0,2})/.exec(title) ?? []
  const isMark =
    /[[({<]/.test(before) || /^(?:[\])}>:|!]|\s[–|:-])/.test(behind) || /^(?:[A-Z]+|[A-Za-z]+\d)$/.test(word)
  return isMark && behind !== '' ? readSeverity(word) : null
}

/** A state may be told in words of severity: `HOSTSTATE=critical`, `METRIC_STATUS_CRITICAL`. */
function readStateSeverity(leaves: readonly Leaf[]): Severity | null {
  const state = leaves.find(
    ({ key, text }) =>
      /(?:status|state)$/.test(key) &&
      text.length < 80 &&
      /(?:^|_)(?:crit(?:ical)?|warn(?:ing)?|fatal|emerg(?:ency)?|disaster|severe|major|minor)$/i.test(text),
  )
  return readSeverity(state?.text)
}

/** `CRITICAL: lag is 900`, `DISK WARNING - 91 % used`: how plugins of Nagios and its kin begin their output. */
function readPluginSeverity(leaves: readonly Leaf[]): Severity | null {
  for (const { key, text } of leaves) {
    const word = /output$/.test(key) ? /^(?:\w{1,20} )?(critical|warning)\b *[:–-]/i.exec(text)?.[1] : undefined
    if (word !== undefined) return readSeverity(word)
  }
  return null
}
