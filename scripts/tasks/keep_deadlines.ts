import { channelSettings } from '../lib/config.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { keepDeadlines } from '../workflow/deadlines.ts'

/** From the turn's start; the next turn comes after a minute. */
const limitMs = 55_000

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', ...channelSettings],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const end = new Date(Date.parse(input('STARTED')) + limitMs)
    return { worked: await keepDeadlines(store, end, { settings, log }) }
  },
})
