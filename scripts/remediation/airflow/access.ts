import { type AirflowAccess, accessTo, readSettingNames } from '../../connectors/airflow/access.ts'
import { loadSystems } from '../../connectors/gathering/systems.ts'
import { certainSystem } from '../../domain/system.ts'
import { oneLine } from '../../domain/text.ts'
import { AppError } from '../../lib/errors.ts'
import type { Settings } from '../remediation.ts'

/**
 * The access for a fix at the instance that its plan names: a user of its own, or the reading one.
 * @throws AppError E_FIX_REFUSED when it is not certain which instance is meant, E_SETTING_MISSING
 */
export async function writeAccess(called: string | undefined, settings: Settings): Promise<AirflowAccess> {
  const systems = await loadSystems(settings, { purpose: 'write' })
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
  const { AIRFLOW_URL: url, AIRFLOW_WRITE_USERNAME: username, AIRFLOW_WRITE_PASSWORD: password } = settings
  // These two belong to the instance that settings describe.
  return url && system.name === 'airflow' && username && password ? { ...access, username, password } : access
}
