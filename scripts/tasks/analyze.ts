import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { analyzeIncident } from '../workflow/analyze.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', 'ANALYZER', 'GEMINI_API_KEY', 'GEMINI_MODEL', 'GEMINI_BASE_URL'],
  async run({ execution, settings, input, log, count }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const record = await analyzeIncident(store, input('INCIDENT'), execution.originalId, settings, new Date())
    if (record.fallback) log('warn', `The rules decided: ${record.fallback}`)
    if (record.tokens !== null) count('tokens', record.tokens)
    return { analyzer: record.analyzer }
  },
})
