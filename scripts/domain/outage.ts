/** So many incidents of one platform within minutes are the platform's, not theirs. */
export const outageFrom = 8

/** From this one on, an incident waits a moment, to see whether it is the platform. */
const holdFrom = 3

/** What a new incident on a platform means, with so many others that opened there within minutes. */
export function suspect(others: number, isDown: boolean): 'outage' | 'hold' | 'none' {
  const count = others + 1
  if (isDown || count >= outageFrom) return 'outage'
  return count >= holdFrom ? 'hold' : 'none'
}

/** A platform whose breaker says nothing is back when at most a fifth of what failed on it still does. */
export function isRecovered(open: number, total: number): boolean {
  return open * 5 <= total
}
