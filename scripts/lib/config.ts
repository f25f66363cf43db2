import { AppError } from './errors.ts'

/**
 * How a setting reaches a task. `secret`: Kestra's `secret('NAME')`, from `SECRET_NAME` in base64. `setting`: Kestra's
 * `envs.name`, from `ENV_NAME`. `operator`: read by commands only and never handed to Kestra.
 */
type Kind = 'secret' | 'setting' | 'operator'

interface Setting {
  readonly kind: Kind
  readonly required: boolean
  readonly what: string
}

/** Every setting the product reads; `.env.example`, the flows, compose and the start scripts are checked against it. */
export const settings = {
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
  SLACK_WEBHOOK_URL: { kind: 'secret', required: false, what: 'Slack incoming webhook that people are told through.' },
  SLACK_BOT_TOKEN: {
    kind: 'secret',
    required: false,
    what: 'Slack bot (xoxb-…): one message an incident that changes with it, details in its thread.',
  },
  SLACK_CHANNEL: {
    kind: 'setting',
    required: false,
    what: 'Where the bot posts when the routing names no channel: its id (C0123456789), or #name.',
  },
  SLACK_API_URL: { kind: 'setting', required: false, what: 'Another address of Slack’s Web API, such as GovSlack’s.' },
  PAGERDUTY_ROUTING_KEY: {
    kind: 'secret',
    required: false,
    what: 'Integration key of a PagerDuty service (Events API v2): pages, acknowledges and resolves there.',
  },
  PAGERDUTY_EVENTS_URL: {
    kind: 'setting',
    required: false,
    what: 'PagerDuty’s events address; default https://events.pagerduty.com, in Europe https://events.eu.pagerduty.com',
  },
  PAGERDUTY_API_TOKEN: {
    kind: 'secret',
    required: false,
    what: 'REST API key of PagerDuty: writes a note on an incident whose alert came through PagerDuty.',
  },
  PAGERDUTY_API_URL: {
    kind: 'setting',
    required: false,
    what: 'PagerDuty’s REST address; default https://api.pagerduty.com, in Europe https://api.eu.pagerduty.com',
  },
  PAGERDUTY_FROM: { kind: 'setting', required: false, what: 'E-mail address of the PagerDuty user who writes notes.' },
  JIRA_URL: { kind: 'setting', required: false, what: 'Jira Cloud, such as https://acme.atlassian.net' },
  JIRA_USERNAME: { kind: 'secret', required: false, what: 'E-mail address of the Jira user that opens issues.' },
  JIRA_TOKEN: { kind: 'secret', required: false, what: 'Its API token.' },
  JIRA_PROJECT: {
    kind: 'setting',
    required: false,
    what: 'Key of the project when the routing names none, such as DATA.',
  },
  JIRA_ISSUE_TYPE: { kind: 'setting', required: false, what: 'Type of the issues; default Task.' },
  SMTP_URL: {
    kind: 'secret',
    required: false,
    what: 'Mail server with its log-in: smtps://user:password@host:465 or smtp://…:587 (STARTTLS).',
  },
  EMAIL_FROM: { kind: 'setting', required: false, what: 'Sender of e-mails.' },
  EMAIL_TO: { kind: 'setting', required: false, what: 'Receiver when the routing names none; several with commas.' },
  NOTIFY_WEBHOOK_URL: {
    kind: 'secret',
    required: false,
    what: 'Address of your own that each message is posted to, signed.',
  },
  NOTIFY_WEBHOOK_KEY: {
    kind: 'secret',
    required: false,
    what: 'What its signatures are made with (HMAC-SHA256, Standard Webhooks): whsec_… or any long text.',
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
  AIRFLOW_URL: { kind: 'setting', required: false, what: 'Base URL of Airflow 3, without /api/v2.' },
  AIRFLOW_USERNAME: { kind: 'secret', required: false, what: 'Airflow user for reading.' },
  AIRFLOW_PASSWORD: { kind: 'secret', required: false, what: 'Its password.' },
  AIRFLOW_WRITE_USERNAME: {
    kind: 'secret',
    required: false,
    what: 'Airflow user for fixes; only auto_remediate gets it. Empty: the reading user.',
  },
  AIRFLOW_WRITE_PASSWORD: { kind: 'secret', required: false, what: 'Its password.' },
  PROMETHEUS_URL: { kind: 'setting', required: false, what: 'Base URL of Prometheus, without /api/v1.' },
  PROMETHEUS_TOKEN: { kind: 'secret', required: false, what: 'Bearer token for it, where it wants one.' },
  SYSTEMS_CREDENTIALS: {
    kind: 'secret',
    required: false,
    what: 'Credentials of the instances in config/systems.yaml, for reading: {"NAME": {"username": "…", "password": "…"}}',
  },
  SYSTEMS_WRITE_CREDENTIALS: {
    kind: 'secret',
    required: false,
    what: 'The same for fixes; only auto_remediate gets it. Where it names no instance: those for reading.',
  },
  DBT_ARTIFACTS: {
    kind: 'setting',
    required: false,
    what: 'Where dbt leaves manifest.json and run_results.json: a folder that the tasks see, or a URL above them.',
  },
  DBT_ARTIFACTS_TOKEN: { kind: 'secret', required: false, what: 'Sent as bearer token to that URL.' },
  WAREHOUSE_URL: {
    kind: 'secret',
    required: false,
    what: 'PostgreSQL as warehouse, as a role that may only read: postgresql://USER:PASSWORD@HOST:5432/DATABASE',
  },
  WAREHOUSE_WRITE_URL: {
    kind: 'secret',
    required: false,
    what: 'PostgreSQL as warehouse for fixes, as a role with pg_signal_backend; only auto_remediate gets it.',
  },
  SNOWFLAKE_ACCOUNT: {
    kind: 'setting',
    required: false,
    what: 'Snowflake as warehouse: ORGANISATION-ACCOUNT, LOCATOR.REGION, or https://….snowflakecomputing.com',
  },
  SNOWFLAKE_USERNAME: { kind: 'secret', required: false, what: 'Its user, with a role that may only read metadata.' },
  SNOWFLAKE_PRIVATE_KEY: {
    kind: 'secret',
    required: false,
    what: 'The private key of its key pair: PEM as one line with \\n, or in base64.',
  },
  SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: { kind: 'secret', required: false, what: 'Its passphrase, where it has one.' },
  SNOWFLAKE_PASSWORD: { kind: 'secret', required: false, what: 'Its password, instead of a key.' },
  SNOWFLAKE_TOKEN: { kind: 'secret', required: false, what: 'An OAuth access token, instead of either.' },
  SNOWFLAKE_ROLE: { kind: 'setting', required: false, what: 'The role to ask as; default the user’s own.' },
  SNOWFLAKE_WAREHOUSE: { kind: 'setting', required: false, what: 'The warehouse to ask with; default the user’s own.' },
  SNOWFLAKE_DATABASE: {
    kind: 'setting',
    required: false,
    what: 'Where tables are looked for whose name says no database.',
  },
  GEMINI_API_KEY: { kind: 'secret', required: false, what: 'Google Gemini. Without it `rules` decides.' },
  GEMINI_MODEL: { kind: 'setting', required: false, what: 'The model; default gemini-2.5-flash.' },
  GEMINI_BASE_URL: { kind: 'setting', required: false, what: 'Another address for the model, such as a proxy.' },
  VERTEX_PROJECT: {
    kind: 'setting',
    required: false,
    what: 'Google Cloud project: Gemini by Vertex AI, in a region of yours, instead of GEMINI_API_KEY.',
  },
  VERTEX_LOCATION: { kind: 'setting', required: false, what: 'Its region; default europe-west1.' },
  VERTEX_CREDENTIALS: {
    kind: 'secret',
    required: false,
    what: "A service account's key file as one line of JSON. Empty: the machine's own identity.",
  },
  ANALYZER: { kind: 'setting', required: false, what: '`rules` never asks the model; empty or `gemini` does.' },
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
  CONSOLE_HOST: { kind: 'operator', required: false, what: 'Address the console binds to; default 127.0.0.1.' },
  CONSOLE_PORT: { kind: 'operator', required: false, what: 'Its port; default 8090.' },
  CONSOLE_URL: {
    kind: 'operator',
    required: false,
    what: 'The console as people reach it, such as https://incidents.example.com. With https its cookie is Secure.',
  },
  CONSOLE_KESTRA_URL: {
    kind: 'operator',
    required: false,
    what: 'Kestra’s own pages as people reach them, for links to executions. Empty: executions are named without.',
  },
  CONSOLE_TENANTS: {
    kind: 'operator',
    required: false,
    what: 'The tenants it serves, by comma, such as acme; empty: all.',
  },
  OIDC_ISSUER: {
    kind: 'operator',
    required: false,
    what: 'OpenID provider that people log in to the console by, as it names itself: https://login.example.com/realms/data',
  },
  OIDC_CLIENT_ID: { kind: 'operator', required: false, what: 'The client that the provider knows the console as.' },
  OIDC_CLIENT_SECRET: {
    kind: 'operator',
    required: false,
    what: 'Its secret (client_secret_post). Empty for a public client: PKCE guards either.',
  },
  OIDC_SCOPES: {
    kind: 'operator',
    required: false,
    what: 'What is asked for; default `openid profile email`. Many providers want `groups` as well.',
  },
  OIDC_NAME_CLAIM: { kind: 'operator', required: false, what: 'The claim that names an account; default email.' },
  OIDC_GROUPS_CLAIM: { kind: 'operator', required: false, what: 'The claim that lists the groups; default groups.' },
  OIDC_ROLES: {
    kind: 'operator',
    required: false,
    what: 'Which group has which role: admin=GROUP, responder=GROUP, viewer=*; with several tenants acme:admin=GROUP.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

/** What the channels read: whoever sends messages is handed all of it. */
export const channelSettings = [
  'SLACK_WEBHOOK_URL',
  'SLACK_BOT_TOKEN',
  'SLACK_CHANNEL',
  'SLACK_API_URL',
  'PAGERDUTY_ROUTING_KEY',
  'PAGERDUTY_EVENTS_URL',
  'PAGERDUTY_API_TOKEN',
  'PAGERDUTY_API_URL',
  'PAGERDUTY_FROM',
  'JIRA_URL',
  'JIRA_USERNAME',
  'JIRA_TOKEN',
  'JIRA_PROJECT',
  'JIRA_ISSUE_TYPE',
  'SMTP_URL',
  'EMAIL_FROM',
  'EMAIL_TO',
  'NOTIFY_WEBHOOK_URL',
  'NOTIFY_WEBHOOK_KEY',
] as const satisfies readonly SettingName[]

/** What one Snowflake account is reached with. */
export const snowflakeSettings = [
  'SNOWFLAKE_ACCOUNT',
  'SNOWFLAKE_USERNAME',
  'SNOWFLAKE_PASSWORD',
  'SNOWFLAKE_PRIVATE_KEY',
  'SNOWFLAKE_PRIVATE_KEY_PASSPHRASE',
  'SNOWFLAKE_TOKEN',
  'SNOWFLAKE_ROLE',
  'SNOWFLAKE_WAREHOUSE',
  'SNOWFLAKE_DATABASE',
] as const satisfies readonly SettingName[]

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
