import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { optionsOf } from '../gathering/options.ts'

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
  if (!url) return null
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) }
  return { kind: 'airflow', options: { url }, credentials }
}

/** @throws AppError E_SETTING_MISSING naming the credentials that the instance lacks, E_SETTING_INVALID */
export function accessTo(system: System): AirflowAccess {
  const { url } = optionsOf(AirflowOptions, system, { url: 'AIRFLOW_URL' })
  const { name, kind, credentials } = system
  const { username, password } = credentials
  if (username && password) return { url, username, password }
  throw new AppError(
    'E_SETTING_MISSING',
    `${name} has no user name and password.`,
    name === kind
      ? 'Set AIRFLOW_USERNAME and AIRFLOW_PASSWORD.'
      : `Put {"${name}": {"username": "…", "password": "…"}} into SYSTEMS_CREDENTIALS.`,
  )
}
