import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { countUndispatched } from '../store/dispatch.ts'
import { takeBacklog } from '../workflow/backlog.ts'
import { endCatchUp } from '../workflow/catch-up.ts'
import { taughtMonitorsOr } from '../workflow/taught-monitors.ts'

/** Of 20-odd characters each, what is emitted stays below 32 KB. */
const limit = 1_000
const limitMs = 20_000

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', 'KESTRA_URL', 'KESTRA_USERNAME', 'KESTRA_PASSWORD'],
  async run({ execution, settings, log, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, (text) => log('error', text))
    const end = Date.now() + limitMs
    const backlog = await takeBacklog(store, {
      settings,
      namespace: execution.tenant,
      taught,
      limit,
      again: true,
      stop: () => Date.now() > end,
    })
    await endCatchUp(store)
    count('drained', backlog.count)
    return { taken: backlog.taken.join(' '), count: await countUndispatched(store) }
  },
})
