import type { Setting } from './setting.ts'

/** What one Snowflake account is reached with. */
export const snowflake = {
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
} as const satisfies Record<string, Setting>

/** The systems that give evidence and are fixed. */
export const systems = {
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
  ...snowflake,
} as const satisfies Record<string, Setting>
