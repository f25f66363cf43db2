import { z } from 'zod'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import type { About } from '../warehouse/evidence.ts'
import type { AskRows } from './session.ts'

/** A warehouse as SHOW WAREHOUSES tells of it, those that the role may use. */
const Compute = z.object({
  name: z.string(),
  state: z.string(),
  size: z.string().nullish(),
  running: z.coerce.number().nullish(),
  queued: z.coerce.number().nullish(),
  auto_suspend: z.coerce.number().nullish(),
  is_current: z.string().nullish(),
  resource_monitor: z.string().nullish(),
})
export type Compute = z.infer<typeof Compute>

/** Takes no warehouse to tell, and costs nothing. */
export function findCompute(ask: AskRows): Promise<Compute[]> {
  return ask(Compute, 'show warehouses')
}

/** The one that questions run in: the named one, else the user's own. */
export function ownCompute(all: readonly Compute[], called: string | null): Compute | null {
  const named = called?.toUpperCase()
  return (
    all.find((one) => (called === null ? one.is_current === 'Y' : one.name === called || one.name === named)) ?? null
  )
}

export function isRunning({ state }: Compute): boolean {
  return /^(?:STARTED|RESIZING)$/i.test(state)
}

/** Warehouses in which statements wait, those with most of them first. */
export function computeEvidence(all: readonly Compute[], { source, asset, now }: About): EvidenceDraft[] {
  return all
    .filter(({ queued }) => (queued ?? 0) > 0)
    .toSorted((a, b) => (b.queued ?? 0) - (a.queued ?? 0))
    .slice(0, 3)
    .map(({ name, size, running, queued }) => ({
      source,
      kind: 'pool_state' as const,
      asset,
      observed_at: now.toISOString(),
      summary: `Warehouse ${name} (${size ?? 'of unknown size'}) is overloaded: ${running ?? 0} statements run, ${queued} wait.`,
      data: { pool: name, slots: null, occupied: running ?? null, waiting: queued ?? null },
    }))
}

const Monitor = z.object({
  name: z.string(),
  credit_quota: z.coerce.number().nullish(),
  used_credits: z.coerce.number().nullish(),
  suspend_at: z.string().nullish(),
  suspend_immediately_at: z.string().nullish(),
})

/** Resource monitors that have suspended their warehouses, or are about to: nine tenths of the quota. */
export async function monitorEvidence(
  ask: AskRows,
  all: readonly Compute[],
  { source, asset, now }: About,
): Promise<EvidenceDraft[]> {
  const monitors = await ask(Monitor, 'show resource monitors')
  return monitors.flatMap((one) => {
    const { name, credit_quota: quota, used_credits: used } = one
    if (!quota || used == null || used < quota * nearlySpent) return []
    const stops = [one.suspend_at, one.suspend_immediately_at]
      .map((text) => Number.parseFloat(text ?? ''))
      .filter((at) => at > 0)
    const isStopped = stops.some((percent) => used >= (quota * percent) / 100)
    const theirs = all.filter(({ resource_monitor: monitor }) => monitor === name).map((warehouse) => warehouse.name)
    return [
      {
        source,
        kind: 'system_health' as const,
        asset,
        observed_at: now.toISOString(),
        summary: `Resource monitor ${name} has used ${used} of ${quota} credits${isStopped ? ': its warehouses are suspended' : ''}${theirs.length > 0 ? ` (${theirs.join(', ')})` : ''}.`,
        data: {
          system: source,
          status: isStopped ? 'suspended' : 'nearly spent',
          part: `resource monitor ${name}`,
          since: null,
          warehouses: theirs,
        },
      },
    ]
  })
}

const nearlySpent = 0.9
