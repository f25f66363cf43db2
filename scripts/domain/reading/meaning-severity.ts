import type { Severity } from '../alert.ts'
import { findLeaf, type Leaf, ranked } from './leaves.ts'
import { readLogLevel, readPriority, readSeverity } from './severity.ts'

const severities = ranked(`
  severity alertseverity severitylevel severityname severityslug severityvalue criticality sev priority priorityname alertpriority level loglevel
  alertlevel importancelevel importance urgency impactlevel triggertype eventtype messagetype impact`)

const numbered = new Set(['severity', 'sev', 'priority', 'alertpriority', 'urgency'])

/** A field that says how bad it is, then `[P2]` at the head of the title; null when nothing does. */
export function readAnySeverity(leaves: readonly Leaf[], title: string): Severity | null {
  const leaf = findLeaf(leaves, severities, (one) => severityOf(one) !== null)
  if (leaf) return severityOf(leaf)
  const bracketed = /^\W{0,4}(\w{1,14})\W/.exec(title)?.[1]
  return readSeverity(bracketed) ?? readStateSeverity(leaves) ?? readPluginSeverity(leaves)
}

function severityOf({ key, value, text }: Leaf): Severity | null {
  // `impact: major` is on the scale, a sentence about the impact is not.
  if (key === 'impact' && /\s\S+\s/.test(text)) return null
  return readSeverity(value) ?? (numbered.has(key) ? readPriority(value) : key === 'level' ? readLogLevel(value) : null)
}

/** A state may be told in words of severity: `HOSTSTATE=critical`, `METRIC_STATUS_CRITICAL`. */
function readStateSeverity(leaves: readonly Leaf[]): Severity | null {
  const state = leaves.find(
    ({ key, text }) =>
      /(?:status|state)$/.test(key) && text.length < 80 && /(?:^|_)(?:critical|warning|major|minor)$/i.test(text),
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
