import { channelSettings, evidenceSettings } from '../lib/config.ts'
import { runTask } from '../lib/kestra.ts'
import { openStore } from '../store/connection.ts'
import { tick } from '../workflow/clock.ts'

void runTask({
  settings: [
    'DATABASE_URL',
    'DIM_CONFIG_DIR',
    ...channelSettings,
    ...evidenceSettings,
    'KESTRA_URL',
    'KESTRA_USERNAME',
    'KESTRA_PASSWORD',
    'AUDIT_KEY',
  ],
  async run({ execution, settings, input, log }) {
    await using store = openStore(settings.DATABASE_URL, execution.tenant)
    // Digests, made by the flow: no task holds a key of the webhook.
    const webhookKeys = { current: input('KEY_DIGEST', '') || null, previous: input('PREVIOUS_KEY_DIGEST', '') || null }
    const turn = await tick(store, { settings, namespace: execution.tenant, limitMs: 50_000, webhookKeys, log })
    return {
      count: turn.toAnalyze,
      fix: turn.toFix,
      purge: turn.purgeBefore?.toISOString() ?? '',
      worked: turn.worked,
      page: turn.isPageNear,
    }
  },
})
