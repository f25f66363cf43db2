import type { LogLine } from './answers.ts'

const longestExcerpt = 4000
/** What lines of trouble may take of it; the rest shows what came last, whatever it is. */
const roomForTrouble = 3000
const longestLine = 600
const tailLines = 12

const loudLevels: ReadonlySet<string> = new Set(['error', 'critical', 'fatal', 'warning'])
const loudWords =
  /error|exception|traceback|fail|fatal|critical|killed|\boom\b|denied|refused|timed? ?out|zombie|heartbeat|does not exist|not found|\block/i
/** Airflow's own brackets around a log, and its complaint about a log server that a running task does not need. */
const noise = /^::(?:end)?group::|^Could not read served logs|^\/\S+\/attempt=\d+\.log$/

/**
 * What matters of a task's log, oldest first: the lines that tell of trouble, the latest of them, and the last lines.
 * At most 4,000 characters; `…` marks a gap. `redact` sees each line before it is cut.
 */
export function logExcerpt(log: readonly LogLine[], redact: (text: string) => string): string {
  const lines = log
    .filter(({ event }) => !noise.test(event))
    .map((line, index) => ({ line, index, loud: isLoud(line) }))
  lines.reverse()
  const chosen = new Map<number, string>()
  const room = take(
    lines.filter(({ loud }) => loud),
    roomForTrouble,
  )
  take(
    lines.slice(0, tailLines).filter(({ loud }) => !loud),
    room + longestExcerpt - roomForTrouble,
  )

  const order = [...chosen].sort(([a], [b]) => a - b)
  const texts = order.map(([index, text], at) => (index > (order[at - 1]?.[0] ?? -1) + 1 ? `…\n${text}` : text))
  // Once more over the whole: a key may go over several lines.
  return redact(texts.join('\n')).slice(0, longestExcerpt)

  /** Takes lines, newest first, while there is room; answers the room that is left. */
  function take(candidates: typeof lines, limit: number): number {
    let left = limit
    for (const { line, index } of candidates) {
      const text = cut(redact(textOf(line)))
      // Three for its line break and a gap.
      if (text.length + 3 > left) break
      if (text === '') continue
      chosen.set(index, text)
      left -= text.length + 3
    }
    return left
  }
}

/** The end of a stack trace, where its reason stands. */
export function errorExcerpt(trace: string, redact: (text: string) => string): string {
  return redact(trace.slice(-20_000)).trim().slice(-1_500)
}

function isLoud({ event, level, error_detail }: LogLine): boolean {
  return error_detail !== undefined || loudLevels.has(level ?? '') || loudWords.test(event)
}

function textOf({ event, level, error_detail }: LogLine): string {
  const errors = (error_detail ?? []).map(({ exc_type, exc_value }) => `${exc_type}: ${exc_value}`)
  const prefix = level && loudLevels.has(level) ? `${level.toUpperCase()} ` : ''
  return [`${prefix}${event}`, ...errors].join(' | ').slice(0, 20_000).trim()
}

function cut(line: string): string {
  return line.length <= longestLine
    ? line
    : `${line
        .slice(0, longestLine - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`
}
