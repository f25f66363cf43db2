import { join } from 'node:path'
import type { Settings } from '../lib/config.ts'
import { namespaceOf, settingsOfTenant } from '../lib/tenant.ts'
import { ownSettings } from './launch.ts'

/**
 * What names the systems to ask: the user's settings, and the configuration of this package where none is set.
 * @param tenant what `--tenant` said. @throws AppError E_SETTING_INVALID
 */
export function systemSettings(tenant?: string | boolean): Settings {
  const all = { DIM_CONFIG_DIR: join(import.meta.dirname, '..', '..', 'config'), ...ownSettings() }
  return settingsOfTenant(all, namespaceOf(typeof tenant === 'string' ? tenant : undefined))
}
