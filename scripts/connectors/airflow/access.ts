import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'

/** What `config/systems.yaml` says of an Airflow. */
export const AirflowOptions = z.strictObject({
  /** Without `/api/v2`. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
})

export interface AirflowAccess {
  url: string
  username: string
  password: string
}

type Settings = Readonly<Record<string, string | undefined>>

export const readSettingNames = ['AIRFLOW_URL', 'AIRFLOW_USERNAME', 'AIRFLOW_PASSWORD'] as const
export const writeSettingNames = [
  ...readSettingNames,
  'AIRFLOW_WRITE_USERNAME',
  'AIRFLOW_WRITE_PASSWORD',
  'DIM_CONFIG_DIR',
  'SYSTEMS_CREDENTIALS',
  'SYSTEMS_WRITE_CREDENTIALS',
] as const

/** The instance that the settings describe; null when they describe none. */
export function settingsInstance(settings: Settings): Pick<System, 'kind' | 'options' | 'credentials'> | null {
  const { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = settings
  return url && username && password ? { kind: 'airflow', options: { url }, credentials: { username, password } } : null
}

/** @throws AppError E_SETTING_MISSING naming the credentials that the instance lacks, E_SETTING_INVALID */
export function accessTo({ name, options, credentials }: System): AirflowAccess {
  const { url } = AirflowOptions.parse(options)
  const { username, password } = credentials
  if (username && password) return { url, username, password }
  throw new AppError(
    'E_SETTING_MISSING',
    `${name} has no user name and password.`,
    `Put {"${name}": {"username": "…", "password": "…"}} into SYSTEMS_CREDENTIALS.`,
  )
}
