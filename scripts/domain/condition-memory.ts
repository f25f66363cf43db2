import { z } from 'zod'
import { type Alert, isWorse, Severity, worse } from './alert.ts'
import { classifyFailure } from './assess/failure-class.ts'
import { type Statement, saysNoise } from './feedback.ts'
import { trustFrom } from './trust.ts'

/** What is remembered of one condition that people called noise, and how it was then. */
export const ConditionMemory = z.object({
  fingerprint: z.string(),
  /** As in `Trust`. */
  confirmations: z.number().int(),
  people: z.number().int(),
  days: z.number().int(),
  counterexamples: z.number().int(),
  weight: z.number(),
  needed: z.number(),
  /** Until when the trust lasts; null when it is not earned. */
  until: z.string().nullable(),
  /** How it was when it was confirmed: the worst claim, how much depended on it, what failed, what was measured. */
  severity: Severity,
  affected: z.number().int(),
  failures: z.array(z.string()),
  metrics: z.array(z.object({ name: z.string(), lowest: z.number(), highest: z.number() })),
})
export type ConditionMemory = z.infer<typeof ConditionMemory>

/** A past incident of a condition as it was when people judged it. */
export interface Judged {
  incident: string
  alerts: readonly Alert[]
  claimed: Severity
  affected: number
}

/** The memory of a condition; null when nobody called it noise. */
export function rememberCondition(
  fingerprint: string,
  statements: readonly Statement[],
  judged: readonly Judged[],
  now: Date,
): ConditionMemory | null {
  const noise = new Set(statements.filter(saysNoise).map(({ incident }) => incident))
  const then = judged.filter(({ incident }) => noise.has(incident))
  if (then.length === 0) return null
  const { isEarned: _earned, until, ...trust } = trustFrom(statements, now)
  const alerts = then.flatMap((one) => one.alerts)
  return {
    fingerprint,
    ...trust,
    until: until?.toISOString() ?? null,
    severity: then.reduce<Severity>((worst, { claimed }) => worse(worst, claimed), 'LOW'),
    affected: Math.max(...then.map(({ affected }) => affected)),
    failures: [...new Set(alerts.flatMap(failureOf))].sort(),
    metrics: measured(alerts),
  }
}

/** Beyond what was seen by this share, a measure is another one. */
const tolerance = 0.25

/**
 * The first thing in which the trouble of now differs from what people called noise; null when nothing does, and the
 * memory speaks of it.
 */
export function materialDifference(
  memory: ConditionMemory,
  present: { alerts: readonly Alert[]; affected: number },
): string | null {
  const firing = present.alerts.filter(({ status }) => status === 'firing')
  const other = firing.find(({ fingerprint }) => fingerprint !== memory.fingerprint)
  if (other || firing.length === 0) return 'something else is wrong beside it'
  const claimed = firing.reduce<Severity>((worst, { severity }) => worse(worst, severity), 'LOW')
  if (isWorse(claimed, memory.severity)) return `its monitor says ${claimed} now, and ${memory.severity} then`
  if (present.affected > memory.affected) return `${present.affected} assets depend on it, and ${memory.affected} then`
  const failure = firing.flatMap(failureOf).find((name) => !memory.failures.includes(name))
  if (failure) return `it fails of ${failure.replaceAll('_', ' ')} now`
  const beyond = measured(firing).find((now) => {
    const then = memory.metrics.find(({ name }) => name === now.name)
    if (!then) return true
    const room = tolerance * Math.max(Math.abs(then.lowest), Math.abs(then.highest))
    return now.highest > then.highest + room || now.lowest < then.lowest - room
  })
  return beyond ? `${beyond.name} is ${beyond.highest} now, which was not seen then` : null
}

function failureOf({ title, description }: Alert): string[] {
  const failure = classifyFailure(`${title}\n${description}`)
  return failure ? [failure.name] : []
}

function measured(alerts: readonly Alert[]): ConditionMemory['metrics'] {
  const found = new Map<string, { lowest: number; highest: number }>()
  for (const { kind, data } of alerts.flatMap(({ facts }) => facts)) {
    const { name, value } = data
    if (kind !== 'metric' || typeof name !== 'string' || typeof value !== 'number' || !Number.isFinite(value)) continue
    const known = found.get(name)
    found.set(name, {
      lowest: Math.min(value, known?.lowest ?? value),
      highest: Math.max(value, known?.highest ?? value),
    })
  }
  return [...found].slice(0, 20).map(([name, range]) => ({ name, ...range }))
}
