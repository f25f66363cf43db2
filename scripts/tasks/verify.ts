import { snowflakeSettings } from '../lib/config.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { verifyFix } from '../workflow/fix.ts'

void runTask({
  settings: [
    'DATABASE_URL',
    'DIM_CHANNELS',
    'DIM_CONFIG_DIR',
    'SYSTEMS_CREDENTIALS',
    'SYSTEMS_WRITE_CREDENTIALS',
    'WAREHOUSE_URL',
    ...snowflakeSettings,
    'WAREHOUSE_WRITE_URL',
    'AIRFLOW_URL',
    'AIRFLOW_USERNAME',
    'AIRFLOW_PASSWORD',
    'AIRFLOW_WRITE_USERNAME',
    'AIRFLOW_WRITE_PASSWORD',
    'DBT_ARTIFACTS',
    'DBT_ARTIFACTS_TOKEN',
    'PROMETHEUS_URL',
    'PROMETHEUS_TOKEN',
    'KESTRA_URL',
    'KESTRA_USERNAME',
    'KESTRA_PASSWORD',
  ],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const { state, detail } = await verifyFix(store, input('INCIDENT'), settings, { patienceMs: 50_000 })
    log('info', detail)
    return { state }
  },
})
