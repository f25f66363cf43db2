import type { Settings } from '../lib/config.ts'
import { remediationRow } from '../remediation/index.ts'
import type { Store } from '../store/connection.ts'
import { openShadow, settleShadow } from '../store/shadow.ts'
import { lookingAt } from './looking.ts'

/**
 * Looks what people did about a fix that was left to them: this very thing, or something else that made it well. False
 * while it can't be told yet. @throws AppError while the target's system is away
 */
export async function lookAtShadow(
  store: Store,
  incident: string,
  settings: Settings,
  lookMs: number,
): Promise<boolean> {
  const shadow = await openShadow(store, incident)
  if (!shadow) return true
  const { remediation, noted_at } = shadow
  const row = remediationRow(remediation.template)
  if (!row.wasDoneByHand) {
    await settleShadow(store, shadow, 'unknown', 'its system does not tell who did what')
    return true
  }
  const looking = lookingAt(store, settings, null, noted_at)
  const health = await row.verify(remediation, settings, AbortSignal.timeout(lookMs), looking)
  if (health.state === 'well') {
    const isSame = await row.wasDoneByHand(remediation, noted_at, settings, AbortSignal.timeout(lookMs))
    await settleShadow(store, shadow, isSame ? 'same' : 'other', health.detail)
    return true
  }
  if (shadow.over) await settleShadow(store, shadow, 'unknown', `after a day: ${health.detail}`)
  return shadow.over
}
