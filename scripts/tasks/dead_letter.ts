import { readFile } from 'node:fs/promises'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { keepDeadLetter } from '../workflow/dead-letter.ts'
import { taughtMonitorsOr } from '../workflow/taught-monitors.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR'],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const flow = input('FLOW')
    if (flow !== 'alert_ingestion') {
      const incident = flow === 'clock' ? null : input('INCIDENT')
      return { kept: await keepDeadLetter(store, { flow, execution, incident, delivery: null }) }
    }
    const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, (text) => log('error', text))
    const delivery = {
      body: await readFile('body.json', 'utf8'),
      headers: await readFile('headers.json', 'utf8'),
      webhookKey: input('WEBHOOK_KEY', ''),
    }
    return { kept: await keepDeadLetter(store, { flow, execution, incident: null, delivery }, taught, settings) }
  },
})
