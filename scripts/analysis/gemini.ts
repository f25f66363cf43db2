import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Content, GenerateContentResponse, GoogleGenAI } from '@google/genai'
import type { Analysis, AnalysisInput } from '../domain/assess/situation.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { checkAnswer } from './answer.ts'
import { answerSchema } from './answer-schema.ts'
import { costOf, defaultThinkingBudget, maxOutputTokens, promptBudgetTokens, termsOf } from './models.ts'
import { buildPrompt, instructions } from './prompt.ts'

export interface GeminiOptions {
  apiKey: string
  model: string
  baseUrl?: string
  /** For one call; default 20 s. */
  timeoutMs?: number
  /** For all calls and the waits between them; default 45 s, so that a page's deadline of 60 s holds. */
  budgetMs?: number
  /** Milliseconds that only go forward. */
  clock?: () => number
  /** Waits between two tries. */
  wait?: (milliseconds: number) => Promise<unknown>
  secretValues?: readonly string[]
}

const maxTries = 4
const firstWaitMs = 500

/**
 * Asks Gemini, by structured output. Retries what can pass (429, 5xx, network, timeout) within the budget, as long as
 * the server asks; an answer that breaks the rules gets one chance to be mended.
 * @throws AppError E_MODEL_UNAVAILABLE, E_MODEL_ANSWER; neither quotes what the server said.
 */
export async function analyzeWithGemini(input: AnalysisInput, options: GeminiOptions): Promise<Analysis> {
  const clock = options.clock ?? (() => performance.now())
  const began = clock()
  const call = await caller(options, clock, began + (options.budgetMs ?? 45_000))
  const prompt = buildPrompt(input, {
    marker: randomBytes(12).toString('hex'),
    budgetTokens: promptBudgetTokens,
    secretValues: [options.apiKey, ...(options.secretValues ?? [])],
  })
  const usage = { input: 0, output: 0 }
  const conversation: Content[] = [{ role: 'user', parts: [{ text: prompt.user }] }]
  for (const isLast of [false, true]) {
    const response = await call(conversation)
    count(usage, response)
    refuseBlocked(response)
    const text = response.text
    const checked = checkAnswer(text, response.candidates?.[0]?.finishReason, input.evidence)
    if (checked.ok) {
      return {
        proposal: checked.proposal,
        record: {
          analyzer: 'gemini',
          model: options.model,
          prompt_version: prompt.version,
          tokens: usage.input + usage.output,
          cost_usd: costOf(options.model, usage.input, usage.output),
          latency_ms: Math.round(clock() - began),
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
    conversation.push(
      { role: 'model', parts: [{ text: (text ?? '').slice(0, 8000) || '(no answer)' }] },
      { role: 'user', parts: [{ text: `${checked.complaint} Answer again, with the whole object, mended.` }] },
    )
  }
  throw new AppError('E_UNEXPECTED', 'The last try neither answered nor failed.', 'Please report it with the log.')
}

type Call = (contents: Content[]) => Promise<GenerateContentResponse>

/** A call with its own timeout and retries, that ends before `deadline`. */
async function caller(options: GeminiOptions, clock: () => number, deadline: number): Promise<Call> {
  const { GoogleGenAI } = await import('@google/genai')
  const client = new GoogleGenAI({
    apiKey: options.apiKey,
    // The SDK's default differs by its version.
    apiVersion: 'v1beta',
    vertexai: false,
    ...(options.baseUrl ? { httpOptions: { baseUrl: options.baseUrl } } : {}),
  })
  const wait = options.wait ?? ((milliseconds: number) => sleep(milliseconds))
  return async (contents) => {
    for (let tried = 1; ; tried += 1) {
      const left = deadline - clock()
      if (left <= 0) throw outOfTime()
      try {
        return await callOnce(client, options.model, contents, Math.min(options.timeoutMs ?? 20_000, left))
      } catch (thrown) {
        const error = toModelError(thrown)
        const pause = error.retryAfterMs ?? firstWaitMs * 2 ** (tried - 1)
        if (!error.retryable || tried >= maxTries || clock() + pause >= deadline) throw error
        await wait(pause)
      }
    }
  }
}

async function callOnce(client: GoogleGenAI, model: string, contents: Content[], timeoutMs: number) {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  try {
    return await client.models.generateContent({
      model,
      contents,
      config: {
        systemInstruction: instructions,
        temperature: 0,
        maxOutputTokens,
        responseMimeType: 'application/json',
        responseJsonSchema: answerSchema(),
        thinkingConfig: { thinkingBudget: termsOf(model)?.thinkingBudget ?? defaultThinkingBudget },
        abortSignal: abort.signal,
      },
    })
  } catch (thrown) {
    // The SDK throws the same for every abort, so the signal is what tells.
    if (abort.signal.aborted) throw outOfTime()
    throw thrown
  } finally {
    clearTimeout(timer)
  }
}

/** A blocked prompt or answer comes with status 200 and without content. Asking again gives the same. */
function refuseBlocked(response: GenerateContentResponse): void {
  const reason = response.promptFeedback?.blockReason ?? response.candidates?.[0]?.finishReason
  const isFine = reason === undefined || reason === 'STOP' || reason === 'MAX_TOKENS'
  if (isFine) return
  throw new AppError(
    'E_MODEL_ANSWER',
    `The model gave no answer (${/^[A-Z_]{1,40}$/.test(reason) ? reason : 'blocked'}).`,
    'Rules decided instead.',
  )
}

function count(usage: { input: number; output: number }, { usageMetadata }: GenerateContentResponse): void {
  usage.input += usageMetadata?.promptTokenCount ?? 0
  usage.output += (usageMetadata?.candidatesTokenCount ?? 0) + (usageMetadata?.thoughtsTokenCount ?? 0)
}

const hints: Record<number, string> = {
  400: 'Check GEMINI_API_KEY and GEMINI_MODEL: the model refused the request.',
  401: 'Check GEMINI_API_KEY.',
  403: 'Check GEMINI_API_KEY: it may not use this model.',
  404: 'Check GEMINI_MODEL: there is no such model.',
  429: 'The quota of the key is used up for now; rules decide meanwhile.',
}

/** What the SDK threw, as ours. The server's words are not quoted: they may repeat the key or the prompt. */
function toModelError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const status = statusOf(thrown)
  if (status !== null) {
    const mayPass = status === 408 || status === 429 || status >= 500
    return new AppError(
      'E_MODEL_UNAVAILABLE',
      `The model answered with status ${status}.`,
      hints[status] ?? 'The service is in trouble; rules decide meanwhile.',
      {
        cause: thrown,
        retryable: mayPass,
        retryAfterMs: thrown instanceof Error ? retryDelay(thrown.message) : undefined,
      },
    )
  }
  // Both are the transport's: no connection, or a body that is not what the API speaks.
  if (
    thrown instanceof SyntaxError ||
    (thrown instanceof TypeError && /fetch failed|terminated/.test(thrown.message))
  ) {
    const hint = 'Check the network, GEMINI_BASE_URL and the proxy; rules decide meanwhile.'
    return new AppError('E_MODEL_UNAVAILABLE', 'The model could not be reached.', hint, { cause: thrown })
  }
  return toAppError(thrown)
}

/** The SDK's ApiError carries the status; anything else that was thrown has none. */
function statusOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('status' in thrown)) return null
  return typeof thrown.status === 'number' ? thrown.status : null
}

/**
 * google.rpc.RetryInfo in milliseconds. The SDK gives the body only as its error's message, where it may stand quoted
 * within a string; so it is searched for, not parsed.
 */
function retryDelay(message: string): number | undefined {
  const seconds = /retryDelay\\*"\s*:\s*\\*"(\d{1,6}(?:\.\d{1,9})?)s/.exec(message)?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}

function outOfTime(): AppError {
  return new AppError('E_MODEL_UNAVAILABLE', 'The model did not answer in time.', 'Rules decided instead.')
}
