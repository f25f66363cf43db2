import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { claimDispatch } from '../store/dispatch.ts'

void runTask({
  settings: ['DATABASE_URL'],
  async run({ execution, settings }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const { incident, left } = await claimDispatch(store)
    return { incident: incident ?? '', left }
  },
})
