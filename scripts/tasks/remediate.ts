import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { runFix } from '../workflow/fix.ts'

void runTask({
  settings: [
    'DATABASE_URL',
    'DIM_CHANNELS',
    'DIM_CONFIG_DIR',
    'SYSTEMS_CREDENTIALS',
    'SYSTEMS_WRITE_CREDENTIALS',
    'AIRFLOW_URL',
    'AIRFLOW_USERNAME',
    'AIRFLOW_PASSWORD',
    'AIRFLOW_WRITE_USERNAME',
    'AIRFLOW_WRITE_PASSWORD',
  ],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const { outcome, detail } = await runFix(store, input('INCIDENT'), settings)
    log('info', detail)
    return { outcome, verify: outcome === 'done' }
  },
})
