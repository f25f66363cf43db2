import { randomBytes } from 'node:crypto'
import type { Analysis, AnalysisInput } from '../domain/assess/situation.ts'
import type { Proposal } from '../domain/decision.ts'
import { AppError } from '../lib/errors.ts'
import { checkAnswer } from './answer.ts'
import { costOf } from './models.ts'
import { disguise } from './placeholders.ts'
import { buildPrompt } from './prompt.ts'

/** One side of the conversation. */
export interface Turn {
  role: 'user' | 'model'
  text: string
}

export interface ModelAnswer {
  text: string | undefined
  finishReason: string | undefined
  inputTokens: number
  /** Thinking included. */
  outputTokens: number
}

/** A model that answers in the schema of `answer-schema.ts`. */
export interface Model {
  name: string
  /** @throws AppError E_MODEL_UNAVAILABLE, E_MODEL_ANSWER; neither quotes what the server said. */
  ask(instructions: string, turns: readonly Turn[]): Promise<ModelAnswer>
}

export interface ModelOptions {
  /** Milliseconds that only go forward. */
  clock: () => number
  secretValues?: readonly string[]
  /** Hears of every answer, the useless one too: it was paid for. */
  onUsage?: (used: { tokens: number; costUsd: number }) => void
}

/**
 * Asks a model: what identifies people stays here, and an answer that breaks the rules gets one chance to be mended.
 * @throws AppError E_MODEL_UNAVAILABLE, E_MODEL_ANSWER
 */
export async function analyzeWithModel(input: AnalysisInput, model: Model, options: ModelOptions): Promise<Analysis> {
  const began = options.clock()
  const { model: terms } = input.policy
  const hidden = disguise(terms.hidden_names)
  const prompt = buildPrompt(input, {
    marker: randomBytes(12).toString('hex'),
    budgetTokens: terms.prompt_tokens,
    secretValues: options.secretValues ?? [],
    hide: hidden.hide,
  })
  const usage = { input: 0, output: 0 }
  const turns: Turn[] = [{ role: 'user', text: prompt.user }]
  for (const isLast of [false, true]) {
    const answer = await model.ask(prompt.system, turns)
    usage.input += answer.inputTokens
    usage.output += answer.outputTokens
    const tokens = answer.inputTokens + answer.outputTokens
    options.onUsage?.({ tokens, costUsd: costOf(model.name, answer.inputTokens, answer.outputTokens, terms) ?? 0 })
    const checked = checkAnswer(answer.text, answer.finishReason, input.evidence)
    if (checked.ok) {
      return {
        proposal: restored(checked.proposal, hidden.restore),
        record: {
          analyzer: 'gemini',
          model: model.name,
          prompt_version: prompt.version,
          tokens: usage.input + usage.output,
          cost_usd: costOf(model.name, usage.input, usage.output, terms),
          latency_ms: Math.round(options.clock() - began),
          fallback: null,
          rule: null,
        },
      }
    }
    if (isLast) {
      throw new AppError(
        'E_MODEL_ANSWER',
        `The model's answer broke the rules twice: ${checked.complaint}`.slice(0, 250),
        'Rules decided instead. If it happens often, set GEMINI_MODEL to a more capable model.',
      )
    }
    turns.push(
      { role: 'model', text: (answer.text ?? '').slice(0, 8000) || '(no answer)' },
      { role: 'user', text: `${checked.complaint} Answer again, with the whole object, mended.` },
    )
  }
  throw new AppError('E_UNEXPECTED', 'The last try neither answered nor failed.', 'Please report it with the log.')
}

/** What was hidden is put back where people, and the guardrails, read it. */
function restored(proposal: Proposal, restore: (text: string) => string): Proposal {
  const { remediation } = proposal
  return {
    ...proposal,
    root_cause: restore(proposal.root_cause).slice(0, 2000),
    business_impact: restore(proposal.business_impact).slice(0, 2000),
    reasoning: restore(proposal.reasoning).slice(0, 4000),
    affected_assets: proposal.affected_assets.map((name) => restore(name).slice(0, 512)),
    remediation: remediation && { ...remediation, target: restore(remediation.target).slice(0, 512) },
  }
}
