import { evidenceSettings } from '../lib/config.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { analyzeIncident } from '../workflow/analyze.ts'
import { unlessSuperseded } from '../workflow/superseded.ts'

void runTask({
  settings: [
    'DATABASE_URL',
    'DIM_CONFIG_DIR',
    'ANALYZER',
    'GEMINI_API_KEY',
    'GEMINI_MODEL',
    'GEMINI_BASE_URL',
    'VERTEX_PROJECT',
    'VERTEX_LOCATION',
    'VERTEX_CREDENTIALS',
    ...evidenceSettings,
  ],
  async run({ execution, settings, input, log, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const record = await unlessSuperseded(
      analyzeIncident(store, input('INCIDENT'), execution.originalId, settings, new Date()),
    )
    if (!record) {
      log('info', 'This incident has ended, or is analysed elsewhere by now.')
      return { analyzer: 'none' }
    }
    if (record.fallback) log('warn', `The rules decided: ${record.fallback}`)
    if (record.tokens !== null) count('tokens', record.tokens)
    return { analyzer: record.analyzer }
  },
})
