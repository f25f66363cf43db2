import { type AirflowAccess, accessTo, readSettingNames } from '../../connectors/airflow/access.ts'
import { loadSystems, type Purpose } from '../../connectors/gathering/systems.ts'
import { certainSystem } from '../../domain/system.ts'
import { oneLine } from '../../domain/text.ts'
import { AppError } from '../../lib/errors.ts'
import type { Settings } from '../remediation.ts'

/**
 * The access to the instance that a plan names: for reading, or for the fix itself, a user of its own where there is one.
 * @throws AppError E_FIX_REFUSED when it is not certain which instance is meant, E_SETTING_MISSING
 */
export async function accessFor(
  purpose: Purpose,
  called: string | undefined,
  settings: Settings,
): Promise<AirflowAccess> {
  const systems = await loadSystems(settings, { purpose })
  if (!systems.all.some(({ kind }) => kind === 'airflow')) {
    throw new AppError('E_SETTING_MISSING', 'Airflow is not configured.', `Set ${readSettingNames.join(', ')}.`)
  }
  const system = certainSystem(systems, 'airflow', called)
  if (!system) {
    const why = called
      ? `No Airflow is configured as ${oneLine(called, 64)}.`
      : 'It is not certain which Airflow is meant.'
    throw new AppError('E_FIX_REFUSED', why, 'Name the instance in config/systems.yaml and in the alert.')
  }
  const access = accessTo(system)
  if (purpose === 'read') return access
  const { AIRFLOW_URL: url, AIRFLOW_WRITE_USERNAME: username, AIRFLOW_WRITE_PASSWORD: password } = settings
  // These two belong to the instance that settings describe.
  return url && system.name === 'airflow' && username && password ? { ...access, username, password } : access
}
