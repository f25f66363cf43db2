import { z } from 'zod'

/** What a team says about the model: its price and limits, and what it must never see. `model:` in policy.yaml. */
export const ModelTerms = z.strictObject({
  /** USD per million tokens; without it the list in analysis/models.ts. Thinking counts as output. */
  usd_per_million: z.strictObject({ input: z.number().min(0), output: z.number().min(0) }).optional(),
  temperature: z.number().min(0).max(2).default(0),
  /** Tokens that it may think: always said, because the vendor's default differs by model. */
  thinking_tokens: z.int().min(0).max(32_768).default(1024),
  /** The prompt's data; an incident with everything in it takes some 3,000. */
  prompt_tokens: z.int().min(1000).max(500_000).default(12_000),
  /** A day (UTC) and tenant; when it is spent, rules decide. 0: no limit. */
  tokens_per_day: z.int().min(0).default(2_000_000),
  usd_per_day: z.number().min(0).default(5),
  /** Words that leave as placeholders: customers, people, code names. */
  hidden_names: z.array(z.string().trim().min(2).max(200)).max(1000).default([]),
})
export type ModelTerms = z.infer<typeof ModelTerms>

export const defaultModelTerms: ModelTerms = ModelTerms.parse({})
