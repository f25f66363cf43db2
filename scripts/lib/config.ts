import { AppError } from './errors.ts'
import { channels } from './settings/channels.ts'
import { webConsole } from './settings/console.ts'
import { model } from './settings/model.ts'
import { type Kind, namesIn, type Setting } from './settings/setting.ts'
import { snowflake, systems } from './settings/systems.ts'

/** The product itself, and Kestra. */
const product = {
  ALERT_WEBHOOK_KEY: {
    kind: 'secret',
    required: true,
    what: 'Key in the webhook URL, 24 characters or more. Whoever has it can post alerts.',
  },
  ALERT_WEBHOOK_KEY_PREVIOUS: {
    kind: 'secret',
    required: false,
    what: 'The key before; still accepted, so that monitors can be moved over one by one.',
  },
  DATABASE_URL: {
    kind: 'secret',
    required: true,
    what: 'PostgreSQL of the product, as role dim_app: postgresql://dim_app:…@host:5432/incident_management',
  },
  DATABASE_OWNER_URL: {
    kind: 'operator',
    required: false,
    what: 'The same database as role dim_owner. Only `npm run migrate` reads it.',
  },
  AUDIT_KEY: {
    kind: 'secret',
    required: false,
    what: 'Seals the audit log: 32 characters or more, kept for ever. Without it a changed line is not found.',
  },
  FALLBACK_URL: {
    kind: 'secret',
    required: false,
    what: 'Told by a plain HTTP POST when a flow itself fails, store and scripts included.',
  },
  DIM_CONFIG_DIR: {
    kind: 'setting',
    required: false,
    what: 'Folder of catalog.yaml, policy.yaml, routing.yaml and systems.yaml; default config/ beside the tasks.',
  },
  DIM_CHANNELS: {
    kind: 'setting',
    required: false,
    what: 'Worked out by the flows: the channels that have their secrets, for tasks that plan messages and send none.',
  },
  KESTRA_URL: {
    kind: 'setting',
    required: false,
    what: 'Kestra as the tasks and `npm run deploy` reach it: http://localhost:8080',
  },
  KESTRA_USERNAME: { kind: 'secret', required: false, what: 'Kestra log-in, an e-mail address.' },
  KESTRA_PASSWORD: { kind: 'secret', required: false, what: 'Its password.' },
} as const satisfies Record<string, Setting>

/** Every setting the product reads; `.env.example`, the flows, compose and the start scripts are checked against it. */
export const settings = { ...product, ...channels, ...systems, ...model, ...webConsole } as const

export type SettingName = keyof typeof settings

/** What the channels read: whoever sends messages is handed all of it. */
export const channelSettings = namesIn(channels)

/** What one Snowflake account is reached with. */
export const snowflakeSettings = namesIn(snowflake)

/** What the systems that give evidence are read with. */
export const evidenceSettings = [
  'SYSTEMS_CREDENTIALS',
  'PROMETHEUS_URL',
  'PROMETHEUS_TOKEN',
  'AIRFLOW_URL',
  'AIRFLOW_USERNAME',
  'AIRFLOW_PASSWORD',
  'DBT_ARTIFACTS',
  'DBT_ARTIFACTS_TOKEN',
  'WAREHOUSE_URL',
  ...snowflakeSettings,
] as const satisfies readonly SettingName[]

export type Settings = Readonly<Record<string, string | undefined>>

/** The settings a task declared: a required one is there, or the task does not run. */
export type Declared<N extends SettingName> = Settings & {
  readonly [K in N]: (typeof settings)[K]['required'] extends true ? string : string | undefined
}

/** The names of one kind, in the table's order. */
export function settingNames(kind: Kind): SettingName[] {
  const names: SettingName[] = []
  for (const name of Object.keys(settings)) if (isSettingName(name) && settings[name].kind === kind) names.push(name)
  return names
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name)
}

/** The fewest characters a webhook key may have. */
export const shortestWebhookKey = 24

/**
 * Reads the named settings; an empty value counts as not set.
 * @throws AppError E_SETTING_MISSING listing all that is missing, with what each is for.
 */
export function readSettings<N extends SettingName>(names: readonly N[], environment: Settings): Declared<N> {
  const found: Record<string, string> = {}
  const missing: string[] = []
  for (const name of names) {
    const value = environment[name]?.trim()
    if (value) found[name] = value
    else if (settings[name].required) missing.push(`${name}: ${settings[name].what}`)
  }
  if (missing.length > 0) {
    throw new AppError(
      'E_SETTING_MISSING',
      `${missing.length === 1 ? 'A setting is' : `${missing.length} settings are`} missing:\n  ${missing.join('\n  ')}`,
      'Set it in .env (see .env.example) or where Kestra gets its secrets, and start again. Commands also find what `npm start` runs.',
    )
  }
  // Each required name was just checked; each other may be undefined.
  return found as Declared<N>
}

/** @throws AppError E_SETTING_INVALID when a webhook key is too short to be a secret. */
export function checkWebhookKeys(environment: Settings): void {
  const faults: string[] = []
  for (const name of ['ALERT_WEBHOOK_KEY', 'ALERT_WEBHOOK_KEY_PREVIOUS'] as const) {
    const value = environment[name]?.trim() ?? ''
    if (value === '' && name === 'ALERT_WEBHOOK_KEY_PREVIOUS') continue
    if (value.length < shortestWebhookKey) faults.push(`${name} has ${value.length} characters`)
    else if (!/^[A-Za-z0-9_-]+$/.test(value)) faults.push(`${name} holds characters that do not fit into a URL`)
  }
  if (faults.length === 0) return
  throw new AppError(
    'E_SETTING_INVALID',
    `${faults.join('; ')}.`,
    `Use ${shortestWebhookKey} or more of A–Z a–z 0–9 _ -, such as the output of: openssl rand -hex 24`,
  )
}

/** What Kestra is started with: each secret as SECRET_*, base64, the optional ones empty; each setting as ENV_*. */
export function kestraEnvironment(environment: Settings): Record<string, string> {
  const result: Record<string, string> = {}
  for (const name of settingNames('secret')) {
    result[`SECRET_${name}`] = Buffer.from(environment[name]?.trim() ?? '').toString('base64')
  }
  for (const name of settingNames('setting')) result[`ENV_${name}`] = environment[name]?.trim() ?? ''
  return result
}
