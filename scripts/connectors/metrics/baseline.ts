import { type Condition, directionOf, holds } from './expression.ts'

/** The same weekday and hour of so many weeks before are what is usual. */
export const weeks = 4
/** Less than that is no pattern. */
const fewestWeeks = 2

/** A peak is the same peak when it is that much higher than any before, measured by how far they stand out. */
const leeway = 0.1

/** More series of an alert than this are not looked at. */
const mostCompared = 200

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
  const now = worstOf(ofAlert(present), directionOf(condition))
  const gone = before.some((week) => week.length > 0) ? [{ labels: {}, values: [] }] : []
  const named = before.map((week) => Map.groupBy(week, keyOf))
  const ofAll = pastOf(before)
  return (now.length > 0 ? now : gone)
    .map((one) => {
      const own = pastOf(named.map((week) => week.get(keyOf(one)) ?? []))
      return compare(one, own.weeks.length > 0 ? own : ofAll, condition)
    })
    .toSorted((a, b) => rank(a) - rank(b))
}

/** What was measured: the values of each week that has some, and of all of them. */
interface Past extends Pick<Compared, 'mean' | 'max' | 'min'> {
  weeks: readonly (readonly number[])[]
}

function pastOf(series: readonly (readonly Series[])[]): Past {
  const weeks = series.map((week) => week.flatMap(({ values }) => values)).filter((week) => week.length > 0)
  const all = weeks.flat()
  if (all.length === 0) return { weeks, mean: null, max: null, min: null }
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length
  return { weeks, mean, max: highest(all), min: lowest(all) }
}

/** Of very many series those that lie furthest where the trouble lies. */
function worstOf(series: readonly Series[], direction: ReturnType<typeof directionOf>): readonly Series[] {
  if (series.length <= mostCompared) return series
  const sign = direction === 'low' ? -1 : 1
  return series.toSorted((a, b) => sign * ((b.values[0] ?? 0) - (a.values[0] ?? 0))).slice(0, mostCompared)
}

function compare({ labels, values }: Series, past: Past, condition: Condition | null): Compared {
  const value = values[0] ?? null
  const { weeks, ...spread } = past
  return { labels, value, ...spread, weeks: weeks.length, isKnown: isKnown(value, past, condition) }
}

/**
 * Known is what most of the weeks had, and about as far as they had it: one bad day among them explains nothing. Without a
 * condition an answer may hold only what fired, so that a week without values is one that was well.
 */
function isKnown(value: number | null, past: Past, condition: Condition | null): boolean | null {
  const { weeks: measured } = past
  if (value === null || measured.length < fewestWeeks) return null
  if (condition && !holds(condition, value)) return null
  if (isBeyond(value, past, condition)) return false
  const alike = measured.filter((week) =>
    condition ? week.some((one) => holds(condition, one)) : value <= highest(week) && value >= lowest(week),
  )
  return alike.length >= fewestWeeks && alike.length * 2 > (condition ? measured.length : weeks)
}

function isBeyond(value: number, { mean, max, min }: Past, condition: Condition | null): boolean {
  const direction = directionOf(condition)
  // That something is, or is not, one number has no further and less far.
  if (condition && direction === null) return false
  if (mean === null || max === null || min === null) return true
  const isHigher = value > max + (max - mean) * leeway
  const isLower = value < min - (mean - min) * leeway
  return (direction !== 'low' && isHigher) || (direction !== 'high' && isLower)
}

/** No label of the series says that it is another's. */
function agrees(series: Series['labels'], alert: Series['labels']): boolean {
  return Object.entries(series).every(([name, value]) => name === '__name__' || (alert[name] ?? value) === value)
}

function keyOf({ labels }: Series): string {
  return JSON.stringify(Object.entries(labels).sort())
}

/** Of any number of values, which `Math.max` does not take. */
function highest(values: readonly number[]): number {
  return values.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY)
}

function lowest(values: readonly number[]): number {
  return values.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY)
}

function rank({ isKnown: known, value, mean }: Compared): number {
  const distance = value === null || mean === null ? 0 : Math.abs(value - mean)
  return (known === false ? 0 : known === null ? 1 : 2) - distance / (distance + 1)
}
