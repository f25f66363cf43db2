import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import type { Due } from '../store/due.ts'

/** What the clock's work is done with. */
export interface WorkOptions {
  settings: Settings
  log(level: 'info' | 'warn' | 'error', text: string): void
}

/** What came of one due row. */
export interface Worked {
  /** The row stays and is worked again after this. */
  againInMs?: number
  /** An incident whose fix needs a flow. */
  fix?: string
  /** Until when Kestra's executions may go. */
  purgeBefore?: Date
}

/** Works one due row. */
export type Work = (store: Store, due: Due, options: WorkOptions) => Promise<Worked>

/** How long a system may take to say whether it is well: others wait for their turn. */
export const askMs = 10_000
