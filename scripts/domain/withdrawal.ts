import { z } from 'zod'
import type { AnalyzerRecord } from './decision.ts'

const day = 86_400_000

/** For how long nothing of the same condition, or of the same asset by the same reason, is kept from people. */
export const sameTroubleMs = 30 * day
/** For how long what else the same reason would dismiss becomes a ticket. */
export const sameReasonMs = 7 * day

/** A person said that what was kept quiet is real: the trust that is withdrawn from what kept it quiet. */
export const Withdrawal = z.object({
  incident: z.string(),
  /** As `dismissedBy` names it. */
  reason: z.string(),
  fingerprint: z.string(),
  asset_key: z.string().nullable(),
  at: z.date(),
})
export type Withdrawal = z.infer<typeof Withdrawal>

/** What decided, so that it is known again: `rule recovered`, `gemini-2.5-flash, prompt 3`. */
export function dismissedBy({
  analyzer,
  rule,
  model,
  prompt_version,
}: Pick<AnalyzerRecord, 'analyzer' | 'rule' | 'model' | 'prompt_version'>): string {
  return analyzer === 'rules' ? `rule ${rule ?? 'unknown'}` : `${model ?? analyzer}, prompt ${prompt_version ?? '?'}`
}

/** What stands against keeping trouble quiet for the reason that is given now; null when nothing does. */
export function withdrawnFrom(
  withdrawals: readonly Withdrawal[],
  present: { reason: string; fingerprints: readonly string[]; assetKeys: readonly string[]; now: Date },
): { isSameTrouble: boolean; withdrawal: Withdrawal } | null {
  const { reason, fingerprints, assetKeys, now } = present
  const within = (ms: number) => withdrawals.filter(({ at }) => now.getTime() - at.getTime() < ms)
  const same = within(sameTroubleMs).find(
    (one) =>
      fingerprints.includes(one.fingerprint) ||
      (one.reason === reason && one.asset_key !== null && assetKeys.includes(one.asset_key)),
  )
  if (same) return { isSameTrouble: true, withdrawal: same }
  const alike = within(sameReasonMs).find((one) => one.reason === reason)
  return alike ? { isSameTrouble: false, withdrawal: alike } : null
}
