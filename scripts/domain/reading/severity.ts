import type { Severity } from '../alert.ts'
import { severities } from './other-languages.ts'
import { lookUp, textOf, wordsOf } from './value.ts'

/** What monitors call it. A scale of a vendor's own that differs from this belongs in its adapter. */
const words: Record<string, Severity> = {
  ...inAll('CRITICAL'),
  ...inAll('HIGH'),
  ...inAll('MEDIUM'),
  ...inAll('LOW'),
  critical: 'CRITICAL',
  crit: 'CRITICAL',
  fatal: 'CRITICAL',
  emergency: 'CRITICAL',
  emerg: 'CRITICAL',
  disaster: 'CRITICAL',
  catastrophic: 'CRITICAL',
  blocker: 'CRITICAL',
  urgent: 'CRITICAL',
  highest: 'CRITICAL',
  page: 'CRITICAL',
  p0: 'CRITICAL',
  p1: 'CRITICAL',
  // Scales from 0 and from 1 can't be told apart; taken as the worse of the two.
  sev0: 'CRITICAL',
  sev1: 'CRITICAL',
  s0: 'CRITICAL',
  s1: 'CRITICAL',
  high: 'HIGH',
  error: 'HIGH',
  err: 'HIGH',
  major: 'HIGH',
  severe: 'HIGH',
  danger: 'HIGH',
  alert: 'HIGH',
  failure: 'HIGH',
  failed: 'HIGH',
  p2: 'HIGH',
  sev2: 'HIGH',
  s2: 'HIGH',
  medium: 'MEDIUM',
  moderate: 'MEDIUM',
  warning: 'MEDIUM',
  warn: 'MEDIUM',
  average: 'MEDIUM',
  p3: 'MEDIUM',
  sev3: 'MEDIUM',
  s3: 'MEDIUM',
  low: 'LOW',
  lowest: 'LOW',
  minor: 'LOW',
  info: 'LOW',
  information: 'LOW',
  informational: 'LOW',
  notice: 'LOW',
  debug: 'LOW',
  trivial: 'LOW',
  verbose: 'LOW',
  p4: 'LOW',
  p5: 'LOW',
  sev4: 'LOW',
  sev5: 'LOW',
  s4: 'LOW',
  s5: 'LOW',
}

function inAll(severity: Severity): Record<string, Severity> {
  return Object.fromEntries(severities[severity].split(' ').map((word) => [word, severity]))
}

/** Words that say how bad it is only when they stand alone: `ALERT_LEVEL_WARNING` is a warning. */
const onlyAlone = new Set(['alert', 'page', 'failure', 'failed', 's0', 's1', 's2', 's3', 's4', 's5'])

/** 1 is worst, as most ticket systems count; 0 belongs to those that begin there. */
const oneIsWorst: readonly Severity[] = ['CRITICAL', 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'LOW']

/** Python's and Java's levels. */
const logLevels: Record<number, Severity> = { 10: 'LOW', 20: 'LOW', 30: 'MEDIUM', 40: 'HIGH', 50: 'CRITICAL' }

/** Most say one word. */
const oneWord = /^(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)$/

/** How bad a word or a short phrase says it is (`critical`, `P2`, `Sev 1`, `POLICY_OPEN_CRITICAL`); null if it doesn't. */
export function readSeverity(value: unknown): Severity | null {
  const text = textOf(value)
  if (typeof value === 'number' || text === null || text.length > 80) return null
  if (oneWord.test(text)) return lookUp(words, text.toLowerCase()) ?? null
  const all = wordsOf(
    text.replace(/\b(p|s|sev|priority|severity)[ _:-]*(\d)\b/gi, (_, scale: string, digit: string) =>
      scale.toLowerCase().startsWith('p') ? `p${digit}` : `sev${digit}`,
    ),
  )
  const [only] = all
  if (all.length === 1 && only !== undefined) return lookUp(words, only) ?? null
  // The last word that is on the scale: `critical -> warning`, `ALERT_CRITICALITY_LEVEL_WARNING`.
  const known = all.filter((word) => !onlyAlone.has(word) && Object.hasOwn(words, word)).at(-1)
  return known === undefined ? null : (words[known] ?? null)
}

/** A number on a scale where 1 (or 0) is the worst and 5 the least: a priority, an urgency, a ticket's severity. */
export function readPriority(value: unknown): Severity | null {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && /^\d$/.test(value) ? Number(value) : -1
  return (Number.isInteger(number) ? oneIsWorst[number] : undefined) ?? null
}

/** A numeric log level: 10, 20, 30, 40, 50. */
export function readLogLevel(value: unknown): Severity | null {
  return (typeof value === 'number' ? logLevels[value] : undefined) ?? null
}
