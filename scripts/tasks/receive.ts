import { readFile } from 'node:fs/promises'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { ingest } from '../workflow/ingest.ts'

void runTask({
  settings: ['DATABASE_URL'],
  async run({ execution, settings, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const received = await ingest(store, {
      executionId: execution.id,
      originalId: execution.originalId,
      body: await readFile('body.json', 'utf8'),
      headers: await readFile('headers.json', 'utf8'),
      receivedAt: new Date(),
    })
    count('incidents', received.count)
    const dispatch = received.count === 0 ? 'none' : received.count === 1 ? 'one' : 'many'
    return { count: received.count, incident: received.incident ?? '', dispatch }
  },
})
