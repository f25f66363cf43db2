import { evidenceSettings } from '../lib/config.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { gatherIncident } from '../workflow/gather.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', ...evidenceSettings],
  async run({ execution, settings, input, log, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const gathered = await gatherIncident(store, input('INCIDENT'), execution.originalId, settings, new Date())
    if (!gathered) {
      log('info', 'This incident is decided, or is being analysed elsewhere.')
      return { proceed: false, source: '' }
    }
    for (const item of gathered.unavailable) log('warn', `Not asked: ${item}`)
    count('evidence', gathered.evidence)
    return { proceed: true, source: gathered.source }
  },
})
