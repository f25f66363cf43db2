import { join } from 'node:path'
import type { Settings } from '../lib/config.ts'
import { ownSettings } from './launch.ts'

/** What names the systems to ask: the user's settings, and the configuration of this package where none is set. */
export function systemSettings(): Settings {
  return { DIM_CONFIG_DIR: join(import.meta.dirname, '..', '..', 'config'), ...ownSettings() }
}
