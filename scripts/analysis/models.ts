/** What the product knows about a model: USD per million tokens as listed on ai.google.dev/gemini-api/docs/pricing. */
export interface ModelTerms {
  inputPerMillion: number
  /** Thinking counts as output. */
  outputPerMillion: number
  /** Tokens that it may think; always said, because the vendor's default differs by model. */
  thinkingBudget: number
}

const terms: readonly (readonly [prefix: string, ModelTerms])[] = [
  ['gemini-2.5-flash-lite', { inputPerMillion: 0.1, outputPerMillion: 0.4, thinkingBudget: 1024 }],
  ['gemini-2.5-flash', { inputPerMillion: 0.3, outputPerMillion: 2.5, thinkingBudget: 1024 }],
  ['gemini-2.5-pro', { inputPerMillion: 1.25, outputPerMillion: 10, thinkingBudget: 1024 }],
]

/** The terms of a model or a dated edition of it; null for one that is not listed: it is used, its cost not known. */
export function termsOf(model: string): ModelTerms | null {
  return terms.find(([prefix]) => model === prefix || model.startsWith(`${prefix}-`))?.[1] ?? null
}

/** What a call cost, in USD; null when the model's price is not known. */
export function costOf(model: string, inputTokens: number, outputTokens: number): number | null {
  const known = termsOf(model)
  if (!known) return null
  const cost = (inputTokens * known.inputPerMillion + outputTokens * known.outputPerMillion) / 1_000_000
  return Math.round(cost * 1e8) / 1e8
}

/** Thinking that any model with a budget allows; used for models that are not listed. */
export const defaultThinkingBudget = 1024

/** An answer in the schema takes some 600 tokens; what it thinks counts against the same limit. */
export const maxOutputTokens = 4096

/** The prompt's data, in tokens. An incident with everything in it takes some 3,000. */
export const promptBudgetTokens = 12_000
