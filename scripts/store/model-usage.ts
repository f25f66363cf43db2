import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

export interface ModelUsage {
  calls: number
  tokens: number
  costUsd: number
}

const Row = z.object({ calls: z.number(), tokens: z.coerce.number(), cost_usd: z.number() })
const today = sql`(now() at time zone 'utc')::date`

/** What the tenant has used of the model since midnight UTC, by the store's clock. */
export async function modelUsage(access: Access): Promise<ModelUsage> {
  const row = await within(access, (query) =>
    query.first(Row, sql`select calls, tokens, cost_usd from model_usage where day = ${today}`),
  )
  return { calls: row?.calls ?? 0, tokens: row?.tokens ?? 0, costUsd: row?.cost_usd ?? 0 }
}

/** What the tenant has used of the model on one day, UTC. */
export const ModelDay = z.object({
  day: z.string(),
  calls: z.number(),
  tokens: z.coerce.number(),
  cost_usd: z.number(),
})
export type ModelDay = z.infer<typeof ModelDay>

/** The days of a span on which the model was used, in order. */
export function modelDays(access: Access, { from, to }: { from: Date; to: Date }): Promise<ModelDay[]> {
  return within(access, (query) =>
    query.rows(
      ModelDay,
      sql`select day::text, calls, tokens, cost_usd::float from model_usage
          where day >= (${from}::timestamptz at time zone 'utc')::date
            and day < (${to}::timestamptz at time zone 'utc')::date and calls > 0
          order by day`,
    ),
  )
}

/** Adds to the day what an analysis used, answered or not. */
export async function addModelUsage(access: Access, used: ModelUsage): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`insert into model_usage as day (tenant, day, calls, tokens, cost_usd)
          values (current_setting('dim.tenant'), ${today}, ${used.calls}, ${used.tokens}, ${used.costUsd})
          on conflict (tenant, day) do update
          set calls = day.calls + excluded.calls, tokens = day.tokens + excluded.tokens,
            cost_usd = day.cost_usd + excluded.cost_usd`,
    ),
  )
}

/** Whether it is this one's turn to tell people that the day's budget is spent: true once a day. */
export async function claimBudgetNews(access: Access): Promise<boolean> {
  const claimed = await within(access, (query) =>
    query.run(
      sql`insert into model_usage as day (tenant, day, told_at) values (current_setting('dim.tenant'), ${today}, now())
          on conflict (tenant, day) do update set told_at = now() where day.told_at is null`,
    ),
  )
  return claimed === 1
}
