/** A row of measurements in short, in their own unit. */
export interface Summary {
  runs: number
  median: number
  p90: number
  p95: number
  lowest: number
  highest: number
}

/** @throws RangeError for no values at all, or one that is no number: a measurement failed and went unnoticed. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0 || !values.every(Number.isFinite)) throw new RangeError('Nothing was measured.')
  const sorted = [...values].sort((a, b) => a - b)
  return {
    runs: sorted.length,
    median: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p95: percentile(sorted, 0.95),
    lowest: percentile(sorted, 0),
    highest: percentile(sorted, 1),
  }
}

/** Between the two nearest values in proportion, as spreadsheets and numpy have it. `share` from 0 to 1. */
function percentile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** A ratio against the most that it should be; `limit` is `null` where there is no target. */
export interface Verdict {
  ratio: number
  limit: number | null
  met: boolean | null
}

/** How many times the median of a floor another median is. */
export function judge(measured: Summary, floor: Summary, limit: number | null): Verdict {
  const ratio = measured.median / floor.median
  return { ratio, limit, met: limit === null ? null : ratio <= limit }
}
