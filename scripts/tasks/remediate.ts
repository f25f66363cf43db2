import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { approveByHand } from '../workflow/approval.ts'
import { runFix } from '../workflow/fix.ts'
import { previewFix } from '../workflow/preview-fix.ts'

void runTask({
  settings: [
    'DATABASE_URL',
    'DIM_CHANNELS',
    'DIM_CONFIG_DIR',
    'SYSTEMS_CREDENTIALS',
    'SYSTEMS_WRITE_CREDENTIALS',
    'WAREHOUSE_WRITE_URL',
    'AIRFLOW_URL',
    'AIRFLOW_USERNAME',
    'AIRFLOW_PASSWORD',
    'AIRFLOW_WRITE_USERNAME',
    'AIRFLOW_WRITE_PASSWORD',
    'KESTRA_URL',
    'KESTRA_USERNAME',
    'KESTRA_PASSWORD',
  ],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const incident = input('INCIDENT')
    // Started by a person in Kestra's own interface, who is logged in there: that is the approval.
    if (input('STARTED_BY') === 'hand') await approveByHand(store, incident, settings)
    if (await previewFix(store, incident, settings)) {
      log('info', 'It waits for approval. What it would do is kept for those who may approve it.')
      return { outcome: 'asked', verify: false }
    }
    const { outcome, detail } = await runFix(store, incident, settings)
    log('info', detail)
    return { outcome, verify: outcome === 'done' }
  },
})
