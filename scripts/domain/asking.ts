/** What gatherings that run at the same time, in processes of their own, know of each other. */

/** Whether a question is this one's to ask (`ask`), its system is left alone (`paused`), or it was just `answered`. */
export type Turn =
  | { turn: 'ask'; token: string | null }
  | { turn: 'paused'; untilMs: number; reason: string }
  | { turn: 'answered'; answer: unknown[] }

/** What a question came to. Without an `answer` to share, there is either a fault or what only the asker may use. */
export interface Outcome {
  answer: readonly unknown[] | null
  /** For how many seconds the answer may be given again. */
  keepSeconds: number
  /** Set when the system is to blame, and not the question. */
  fault: { code: string; reason: string; retryAfterMs: number | undefined } | null
  /** Whether the system showed that it is well: it answered, if only that it knows no such thing. */
  isWell: boolean
}

/** So many failures in a row, and a system is left alone for a while that doubles with each further one. */
export const failuresToPause = 3
export const shortestPauseMs = 30_000
export const longestPauseMs = 300_000
/** While one question tries whether a paused system is back, the others go on waiting. */
export const trialMs = 15_000
