import { userInfo } from 'node:os'
import { channelSettings, type Settings } from '../lib/config.ts'
import { openStore, type Store } from '../store/connection.ts'
import type { Answer } from '../workflow/approval.ts'
import { runWithOperand, tenantSettings } from './launch.ts'

/** Runs `approve` or `refuse`: one incident, answered by the user of this machine. */
export function runAnswer(
  help: string,
  answer: (store: Store, answer: Answer, settings: Settings) => Promise<string>,
): Promise<void> {
  const options = { why: { type: 'string' }, tenant: { type: 'string' } } as const
  return runWithOperand(help, 'an incident', options, async (incident, { why, tenant }) => {
    const names = ['DATABASE_URL', 'DIM_CONFIG_DIR', ...channelSettings] as const
    const { tenant: namespace, settings } = await tenantSettings(tenant, names)
    await using store = openStore(settings.DATABASE_URL, namespace)
    const who = userInfo().username
    const said = await answer(store, { incident, who, ...(typeof why === 'string' ? { why } : {}) }, settings)
    process.stdout.write(`${said}\n`)
  })
}
