import type { ModelTerms } from '../domain/model-terms.ts'

/** USD per million tokens as listed on ai.google.dev/gemini-api/docs/pricing; thinking counts as output. */
const prices: readonly (readonly [prefix: string, { input: number; output: number }])[] = [
  ['gemini-2.5-flash-lite', { input: 0.1, output: 0.4 }],
  ['gemini-2.5-flash', { input: 0.3, output: 2.5 }],
  ['gemini-2.5-pro', { input: 1.25, output: 10 }],
]

/**
 * What a call cost, in USD: by the price that policy states, else by the list; null when neither knows the model (it is
 * used, and only tokens bound it).
 */
export function costOf(
  model: string,
  inputTokens: number,
  outputTokens: number,
  { usd_per_million }: Pick<ModelTerms, 'usd_per_million'>,
): number | null {
  const listed = prices.find(([prefix]) => model === prefix || model.startsWith(`${prefix}-`))?.[1]
  const price = usd_per_million ?? listed
  if (!price) return null
  return Math.round((inputTokens * price.input + outputTokens * price.output) * 100) / 1e8
}

/** An answer in the schema takes some 600 tokens; what it thinks counts against the same limit. */
export const answerTokens = 3072
