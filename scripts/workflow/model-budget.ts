import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { modelUsage } from '../store/model-usage.ts'
import { policyOf } from './policy.ts'

/** What the model has used since midnight UTC, and what it may use a day; 0: no limit. */
export const ModelBudget = z.object({
  calls: z.int(),
  tokens: z.number(),
  tokens_per_day: z.number(),
  cost_usd: z.number(),
  usd_per_day: z.number(),
})
export type ModelBudget = z.infer<typeof ModelBudget>

/** The tenant's budget of today. @throws AppError E_CONFIG_INVALID when policy.yaml can't be read */
export async function modelBudget(store: Store, settings: Settings): Promise<ModelBudget> {
  // The terms of the model are the file's, whatever the source.
  const { model } = await policyOf('', settings)
  const { calls, tokens, costUsd } = await modelUsage(store)
  const { tokens_per_day, usd_per_day } = model
  return { calls, tokens, tokens_per_day, cost_usd: costUsd, usd_per_day }
}
