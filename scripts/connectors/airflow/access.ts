import { AppError } from '../../lib/errors.ts'

/** What evidence and fixes call this instance. */
export const airflowSystem = 'airflow'

export interface AirflowAccess {
  /** Without `/api/v2`. */
  url: string
  username: string
  password: string
}

type Settings = Readonly<Record<string, string | undefined>>

export const readSettingNames = ['AIRFLOW_URL', 'AIRFLOW_USERNAME', 'AIRFLOW_PASSWORD'] as const
export const writeSettingNames = [...readSettingNames, 'AIRFLOW_WRITE_USERNAME', 'AIRFLOW_WRITE_PASSWORD'] as const

/** The access for reading; null when Airflow is not configured. */
export function readAccess(settings: Settings): AirflowAccess | null {
  const { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = settings
  return url && username && password ? { url, username, password } : null
}

/** The access for fixes: a user of its own, or the reading one. @throws AppError E_SETTING_MISSING */
export function writeAccess(settings: Settings): AirflowAccess {
  const { AIRFLOW_WRITE_USERNAME: username, AIRFLOW_WRITE_PASSWORD: password } = settings
  const reading = readAccess(settings)
  if (settings.AIRFLOW_URL && username && password) return { url: settings.AIRFLOW_URL, username, password }
  if (reading) return reading
  throw new AppError('E_SETTING_MISSING', 'Airflow is not configured.', `Set ${readSettingNames.join(', ')}.`)
}
