import type { Category, Severity } from '../alert.ts'
import type { Situation } from './situation.ts'

/** Points by tier, 1 highest. What is not catalogued counts as its monitor says, and never as a low tier. */
const byTier: Record<number, number> = { 1: 3, 2: 2, 3: 1, 4: 0 }
const byLabel: Record<Severity, number> = { CRITICAL: 3.5, HIGH: 2, MEDIUM: 1, LOW: 1 }
const byUrgency: Record<Situation['urgency'], number> = { breached: 1, near: 1, none: 0, distant: 0 }
/** Trouble that time may still mend: with hours left it is less. A removed column stays removed. */
const mayPass: ReadonlySet<Category> = new Set<Category>(['freshness', 'pipeline_delay', 'pipeline_failure', 'lock'])
/** A label is one input: enough to tip, not to decide. */
const tip: Record<Severity, number> = { CRITICAL: 0.5, HIGH: 0.25, MEDIUM: 0, LOW: -0.5 }

const wideReach = 10
const muchRevenue = 5000

/**
 * How bad it is for the business: tier, the promise and its clock, who reads it, what an hour costs; the monitor's
 * label tips the balance. `mild`: it does not yet hurt anyone.
 */
export function businessSeverity(situation: Situation, mild = false): Severity {
  const { level, affected, label, urgency } = situation
  const isRanked = level.tier !== null
  const points = [
    isRanked ? (byTier[level.tier ?? 1] ?? 3) : byLabel[label],
    byUrgency[urgency],
    urgency === 'distant' && mayPass.has(situation.category) ? -1 : 0,
    // A broken promise of the highest tier is the worst there is.
    urgency === 'breached' && level.tier === 1 ? 1 : 0,
    affected.length >= wideReach ? 1 : 0,
    level.revenuePerHour >= muchRevenue ? 1 : 0,
    isRanked && situation.hasNoReaders && level.tier !== 1 ? -0.5 : 0,
    isRanked ? tip[label] : 0,
    mild ? -1 : 0,
  ].reduce((sum, one) => sum + one, 0)
  if (points >= 3.5) return 'CRITICAL'
  if (points >= 1.75) return 'HIGH'
  return points >= 0.75 ? 'MEDIUM' : 'LOW'
}
