import { type Alert, isWorse, type Severity } from '../../domain/alert.ts'
import { AppError } from '../../lib/errors.ts'
import type { ConnectorContext, Question } from '../connector.ts'
import { SnowflakePlace } from './address.ts'
import { type Compute, isRunning, ownCompute } from './compute.ts'

const defaultCredits = 1
const defaultWakes: Severity = 'HIGH'

/** What each size uses in an hour. https://docs.snowflake.com/en/user-guide/warehouses-overview */
const creditsAnHour: Readonly<Record<string, number>> = {
  xsmall: 1,
  small: 2,
  medium: 4,
  large: 8,
  xlarge: 16,
  '2xlarge': 32,
  '3xlarge': 64,
  '4xlarge': 128,
  '5xlarge': 256,
  '6xlarge': 512,
}
/** The shortest time that is billed, and how long one stays awake that does not say. */
const leastSeconds = 60
const defaultSuspension = 600

/**
 * Why what needs a warehouse that runs is not asked now; null when it is, and then what it may cost is counted to the day.
 */
export async function refusal(
  all: readonly Compute[],
  question: Question,
  { system, library }: Pick<ConnectorContext, 'system' | 'library'>,
): Promise<AppError | null> {
  const place = SnowflakePlace.parse(system.options)
  const { warehouse = null, credits_a_day: limit = defaultCredits, wakes_from: from = defaultWakes } = place
  const own = ownCompute(all, warehouse)
  if (!own) return noCompute(warehouse)
  const isWorth = !question.isLead && !isWorse(from, worstOf(question.alerts))
  if (!isRunning(own) && !isWorth) return asleep(own, from)
  if (!isRunning(own) && !library.warehouse.mayWake) return leftAsleep(own)
  const isPaid = await library.warehouse.spend(system.name, { credits: creditsFor(own), limit, now: question.now })
  return isPaid ? null : spent(own, limit)
}

/** LOW while there is no alert. */
export function worstOf(alerts: readonly Pick<Alert, 'severity'>[]): Severity {
  return alerts.reduce<Severity>((worst, { severity }) => (isWorse(severity, worst) ? severity : worst), 'LOW')
}

/** What a few questions cost at worst: they keep it awake until it suspends itself. */
export function creditsFor({ size, auto_suspend: suspension }: Pick<Compute, 'size' | 'auto_suspend'>): number {
  const anHour = creditsAnHour[(size ?? '').toLowerCase().replace(/[^a-z0-9]/g, '')] ?? 1
  return (anHour * Math.max(leastSeconds, suspension || defaultSuspension)) / 3600
}

function asleep({ name }: Compute, from: Severity): AppError {
  return new AppError(
    'E_WAREHOUSE_ASLEEP',
    `Its warehouse ${name} is suspended, and is not woken below ${from}.`,
    'Resume it to ask, or lower wakes_from for this instance in config/systems.yaml.',
  )
}

function leftAsleep({ name }: Compute): AppError {
  return new AppError(
    'E_WAREHOUSE_ASLEEP',
    `Its warehouse ${name} is suspended, and nothing here counts what waking it costs.`,
    'Resume it to ask, or let the command wake it: --wake.',
  )
}

function spent({ name }: Compute, limit: number): AppError {
  return new AppError(
    'E_WAREHOUSE_ASLEEP',
    `Asking its warehouse ${name} once more could cost more than ${limit} credits today.`,
    'Give it an XSMALL warehouse with AUTO_SUSPEND = 60, or raise credits_a_day in config/systems.yaml.',
  )
}

/** Its user has none, or may not use the named one. */
export function noCompute(called: string | null): AppError {
  return called === null
    ? new AppError(
        'E_ACCESS_DENIED',
        'Its user has no warehouse to ask with.',
        'Set SNOWFLAKE_WAREHOUSE, or warehouse in config/systems.yaml.',
      )
    : new AppError(
        'E_ACCESS_DENIED',
        `Its role may not use the warehouse ${called}.`,
        `Grant it: GRANT USAGE ON WAREHOUSE ${called} TO ROLE (its role)`,
      )
}
