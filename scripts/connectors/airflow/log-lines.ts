import { tryParseJson } from '../../lib/json.ts'
import type { Tail } from '../../lib/tail.ts'
import { Log, type LogLine, LogLines } from './answers.ts'

/** What was read of a task's log. */
export interface TaskLog {
  lines: LogLine[]
  /** How many bytes of it came; what was read are the last of them. */
  bytes: number
  isWhole: boolean
  /** Whether its end is among them: Airflow tells a log from its start, and a long one takes longer than there is time. */
  hasEnd: boolean
}

/** A log as it comes: a line of JSON each, or of text from Airflow 2; what was cut in half is left out. */
export function linesOf({ text, isWhole, hasEnd, isText }: Tail & { isText: boolean }): LogLine[] {
  const whole = isWhole && hasEnd ? Log.safeParse(tryParseJson(text)) : null
  if (whole?.success) return whole.data
  return text
    .split('\n')
    .slice(isWhole ? 0 : 1, hasEnd ? undefined : -1)
    .flatMap((line) => {
      const parsed = LogLines.safeParse([isText ? line : tryParseJson(line)])
      return parsed.success ? parsed.data : []
    })
}
