import { AppError } from '../lib/errors.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { deliverMessages } from '../workflow/deliver.ts'

void runTask({
  settings: ['DATABASE_URL', 'SLACK_WEBHOOK_URL'],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const { sent, later, refused } = await deliverMessages(store, settings, { incident: input('INCIDENT'), limit: 20 })
    for (const reason of [...later, ...refused]) log('warn', reason)
    if (refused.length > 0) {
      throw new AppError('E_CHANNEL_REFUSED', refused.join('; '), 'Check the channel’s address; the message is kept.')
    }
    return { sent, later: later.length }
  },
})
