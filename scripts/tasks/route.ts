import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { routeIncident } from '../workflow/route.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', 'SLACK_WEBHOOK_URL'],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const { decision, next } = await routeIncident(store, input('INCIDENT'), execution.originalId, settings, new Date())
    for (const change of decision.guardrails) log('info', `${change.rule}: ${change.before} → ${change.after}`)
    return { action: decision.recommended_action, severity: decision.severity, next }
  },
})
