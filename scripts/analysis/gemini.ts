import { setTimeout as sleep } from 'node:timers/promises'
import type { GenerateContentResponse, GoogleGenAI } from '@google/genai'
import { z } from 'zod'
import type { ModelTerms } from '../domain/model-terms.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { tryParseJson } from '../lib/json.ts'
import { answerSchema } from './answer-schema.ts'
import type { Model, Turn } from './model.ts'
import { answerTokens } from './models.ts'

export interface GeminiOptions {
  model: string
  terms: ModelTerms
  /** Of Google AI Studio; without it, Vertex AI. */
  apiKey?: string
  vertex?: {
    project: string
    /** The region that data stays in: `europe-west1`. */
    location: string
    /** A service account's JSON; without it, the machine's own identity. */
    credentials?: string
  }
  baseUrl?: string
  /** For one call; default 20 s. */
  timeoutMs?: number
  /** For all calls and the waits between them; default 45 s, so that a page's deadline of 60 s holds. */
  budgetMs?: number
  /** Milliseconds that only go forward. */
  clock?: () => number
  /** Waits between two tries. */
  wait?: (milliseconds: number) => Promise<unknown>
}

const maxTries = 4
const firstWaitMs = 500

/**
 * Gemini, by structured output. Retries what can pass (429, 5xx, network, timeout) within the budget, as long as the
 * server asks.
 */
export async function openGemini(options: GeminiOptions): Promise<Model> {
  const client = await connect(options)
  const clock = options.clock ?? (() => performance.now())
  const deadline = clock() + (options.budgetMs ?? 45_000)
  const wait = options.wait ?? ((milliseconds: number) => sleep(milliseconds))
  return {
    name: options.model,
    async ask(instructions, turns) {
      for (let tried = 1; ; tried += 1) {
        const left = deadline - clock()
        if (left <= 0) throw outOfTime()
        try {
          const timeoutMs = Math.min(options.timeoutMs ?? 20_000, left)
          return read(await callOnce(client, options, { instructions, turns, timeoutMs }))
        } catch (thrown) {
          const error = toModelError(thrown)
          const pause = error.retryAfterMs ?? firstWaitMs * 2 ** (tried - 1)
          if (!error.retryable || tried >= maxTries || clock() + pause >= deadline) throw error
          await wait(pause)
        }
      }
    },
  }
}

async function connect({ apiKey, vertex, baseUrl }: GeminiOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai')
  const http = baseUrl ? { httpOptions: { baseUrl } } : {}
  // The SDK's default version differs by its own.
  if (!vertex) return new GoogleGenAI({ apiKey: apiKey ?? '', apiVersion: 'v1beta', vertexai: false, ...http })
  const credentials = vertex.credentials === undefined ? null : readCredentials(vertex.credentials)
  return new GoogleGenAI({
    vertexai: true,
    apiVersion: 'v1',
    project: vertex.project,
    location: vertex.location,
    ...(credentials ? { googleAuthOptions: { credentials } } : {}),
    ...http,
  })
}

/** @throws AppError E_SETTING_INVALID, which does not quote them */
function readCredentials(text: string): Record<string, string> {
  const read = ServiceAccount.safeParse(tryParseJson(text))
  if (read.success) return read.data
  throw new AppError(
    'E_SETTING_INVALID',
    "VERTEX_CREDENTIALS is not a service account's JSON.",
    'Paste the whole key file, or leave it empty to use the identity of the machine.',
  )
}

const ServiceAccount = z
  .looseObject({ client_email: z.string(), private_key: z.string() })
  .transform(({ client_email, private_key }) => ({ client_email, private_key }))

function read(response: GenerateContentResponse) {
  refuseBlocked(response)
  const usage = response.usageMetadata
  return {
    text: response.text,
    finishReason: response.candidates?.[0]?.finishReason,
    inputTokens: usage?.promptTokenCount ?? 0,
    outputTokens: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
  }
}

interface Question {
  instructions: string
  turns: readonly Turn[]
  timeoutMs: number
}

async function callOnce(
  client: GoogleGenAI,
  { model, terms }: GeminiOptions,
  { instructions, turns, timeoutMs }: Question,
) {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  try {
    return await client.models.generateContent({
      model,
      contents: turns.map(({ role, text }) => ({ role, parts: [{ text }] })),
      config: {
        systemInstruction: instructions,
        temperature: terms.temperature,
        maxOutputTokens: answerTokens + terms.thinking_tokens,
        responseMimeType: 'application/json',
        responseJsonSchema: answerSchema(),
        thinkingConfig: { thinkingBudget: terms.thinking_tokens },
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
