import { readFile } from 'node:fs/promises'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { isToCatchUp } from '../workflow/catch-up.ts'
import { ingest } from '../workflow/ingest.ts'
import { taughtMonitorsOr } from '../workflow/taught-monitors.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR'],
  async run({ execution, settings, input, log, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, (text) => log('error', text))
    const handedOver = {
      executionId: execution.id,
      originalId: execution.originalId,
      body: await readFile('body.json', 'utf8'),
      headers: await readFile('headers.json', 'utf8'),
      receivedAt: new Date(),
      webhookKey: input('WEBHOOK_KEY', ''),
    }
    const received = await ingest(store, handedOver, taught, settings)
    count('incidents', received.count)
    const dispatch = received.count === 0 ? 'none' : received.count === 1 ? 'one' : 'many'
    // A flow of the release before does not say when it was started: then it has just been.
    const drain = await isToCatchUp(store, input('STARTED', new Date().toISOString()))
    return { count: received.count, incident: received.incident ?? '', dispatch, drain }
  },
})
