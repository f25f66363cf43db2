import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { routeIncident } from '../workflow/route.ts'
import { unlessSuperseded } from '../workflow/superseded.ts'

void runTask({
  settings: ['DATABASE_URL', 'DIM_CONFIG_DIR', 'DIM_CHANNELS'],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    const routed = await unlessSuperseded(
      routeIncident(store, input('INCIDENT'), execution.originalId, settings, new Date()),
    )
    if (!routed) {
      log('info', 'This incident has ended, or is decided elsewhere.')
      return { action: 'superseded', severity: 'none', next: 'none', asks: false }
    }
    const { decision, next, asks } = routed
    for (const change of decision.guardrails) log('info', `${change.rule}: ${change.before} → ${change.after}`)
    return { action: decision.recommended_action, severity: decision.severity, next, asks }
  },
})
