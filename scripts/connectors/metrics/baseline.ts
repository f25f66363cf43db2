import { type Condition, directionOf, holds } from './expression.ts'

/** The same weekday and hour of so many weeks before are what is usual. */
export const weeks = 4
/** Less than that is no pattern. */
const fewestWeeks = 2

/** A peak is the same peak when it is that much higher than any before, measured by how far they stand out. */
const leeway = 0.1

/** One series of an answer, with its values within a time. */
export interface Series {
  labels: Readonly<Record<string, string>>
  values: readonly number[]
}

/** A value next to those of the same weekday and hour before. */
export interface Compared {
  labels: Readonly<Record<string, string>>
  value: number | null
  mean: number | null
  max: number | null
  min: number | null
  /** Of how many weeks values are known. */
  weeks: number
  /** Whether the trouble comes at this weekday and hour: null where that can't be said, or there is none now. */
  isKnown: boolean | null
}

/**
 * Each series of the alert with its own past, what is not usual first. Where no series is the alert's by its labels, all
 * are; where a series has no past of its own, as its name changes with each process, that of all is taken.
 */
export function compareSeries(
  present: readonly Series[],
  past: readonly (readonly Series[])[],
  { labels, condition }: { labels: Readonly<Record<string, string>>; condition: Condition | null },
): Compared[] {
  const ofAlert = (all: readonly Series[]) => {
    const own = all.filter((one) => agrees(one.labels, labels))
    return own.length > 0 ? own : all
  }
  const before = past.map(ofAlert)
  const now = ofAlert(present)
  const gone = before.some((week) => week.length > 0) ? [{ labels: {}, values: [] }] : []
  return (now.length > 0 ? now : gone)
    .map((one) => {
      const own = before.map((week) => week.filter((other) => isSame(one.labels, other.labels)))
      return compare(one, own.some((week) => week.length > 0) ? own : before, condition)
    })
    .toSorted((a, b) => rank(a) - rank(b))
}

function compare(
  { labels, values }: Series,
  past: readonly (readonly Series[])[],
  condition: Condition | null,
): Compared {
  const value = values[0] ?? null
  const measured = past.map((week) => week.flatMap(({ values }) => values)).filter((week) => week.length > 0)
  return {
    labels,
    value,
    ...spreadOf(measured.flat()),
    weeks: measured.length,
    isKnown: isKnown(value, measured, condition),
  }
}

function spreadOf(values: readonly number[]): Pick<Compared, 'mean' | 'max' | 'min'> {
  if (values.length === 0) return { mean: null, max: null, min: null }
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length
  return { mean, max: Math.max(...values), min: Math.min(...values) }
}

/**
 * Known is what most of the weeks had, and about as far as they had it: one bad day among them explains nothing. Without a
 * condition an answer may hold only what fired, so that a week without values is one that was well.
 */
function isKnown(value: number | null, measured: readonly number[][], condition: Condition | null): boolean | null {
  if (value === null || measured.length < fewestWeeks) return null
  if (condition && !holds(condition, value)) return null
  if (isBeyond(value, measured.flat(), condition)) return false
  const alike = measured.filter((week) =>
    condition ? week.some((one) => holds(condition, one)) : value <= Math.max(...week) && value >= Math.min(...week),
  )
  return alike.length >= fewestWeeks && alike.length * 2 > (condition ? measured.length : weeks)
}

function isBeyond(value: number, all: readonly number[], condition: Condition | null): boolean {
  const direction = directionOf(condition)
  // That something is, or is not, one number has no further and less far.
  if (condition && direction === null) return false
  const { mean, max, min } = spreadOf(all)
  if (mean === null || max === null || min === null) return true
  const isHigher = value > max + (max - mean) * leeway
  const isLower = value < min - (mean - min) * leeway
  return (direction !== 'low' && isHigher) || (direction !== 'high' && isLower)
}

/** No label of the series says that it is another's. */
function agrees(series: Series['labels'], alert: Series['labels']): boolean {
  return Object.entries(series).every(([name, value]) => name === '__name__' || (alert[name] ?? value) === value)
}

function isSame(one: Series['labels'], other: Series['labels']): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => one[name] === other[name])
}

function rank({ isKnown: known, value, mean }: Compared): number {
  const distance = value === null || mean === null ? 0 : Math.abs(value - mean)
  return (known === false ? 0 : known === null ? 1 : 2) - distance / (distance + 1)
}
