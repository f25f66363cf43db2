import { channelSettings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { deliverMessages, refusals } from '../workflow/deliver.ts'

/** No message is begun after this; the task's own time ends later by more than one delivery takes. */
const limitMs = 30_000

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', ...channelSettings],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const incident = input('INCIDENT')
    const end = Date.now() + limitMs
    const { sent, later } = await deliverMessages(store, settings, {
      incident,
      limit: 20,
      stop: () => Date.now() > end,
    })
    for (const reason of later) log('warn', reason)
    // Asked of the store, so that a second attempt, which has nothing left to send, says the same.
    const refused = await refusals(store, incident)
    if (refused.length > 0) {
      throw new AppError('E_CHANNEL_REFUSED', refused.join('; '), 'Check the channel’s address; the message is kept.')
    }
    return { sent, later: later.length }
  },
})
