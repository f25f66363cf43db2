import type { Settings } from '../lib/config.ts'

/** What the clock's work is done with. */
export interface WorkOptions {
  settings: Settings
  log(level: 'info' | 'warn' | 'error', text: string): void
}
