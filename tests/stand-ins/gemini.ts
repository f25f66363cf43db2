import { z } from 'zod'
import type { Proposal } from '../../scripts/domain/decision.ts'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { openJournal } from './journal.ts'
import { type Answer, type Fault, type Received, type StandIn, startStandIn } from './server.ts'

/** What `generateContent` takes, as far as the product sends it. https://ai.google.dev/api/generate-content (2026-11) */
const Part = z.object({ text: z.string() })
const GenerateRequest = z.strictObject({
  contents: z.array(z.object({ role: z.enum(['user', 'model']), parts: z.array(Part).min(1) })).min(1),
  systemInstruction: z.object({ parts: z.array(Part).min(1) }),
  generationConfig: z.strictObject({
    temperature: z.number(),
    maxOutputTokens: z.int().positive(),
    responseMimeType: z.literal('application/json'),
    responseJsonSchema: z.record(z.string(), z.unknown()),
    thinkingConfig: z.strictObject({ thinkingBudget: z.int() }),
  }),
})
type GenerateRequest = z.infer<typeof GenerateRequest>

/** One question as the model got it. */
export interface ModelQuestion {
  model: string
  instructions: string
  /** The first message of the user: the incident's data. */
  data: string
  /** The last message: the same, or what was wrong with the answer before. */
  last: string
  schema: Record<string, unknown>
}

export interface GeminiStandIn extends StandIn {
  readonly questions: readonly ModelQuestion[]
}

/** The key that the stand-in takes, unless it is told another. */
export const geminiKey = 'stand-in-gemini-key-000000'

/**
 * Gemini's API on 127.0.0.1: checks the request as the real one does and answers with what `answer` says, by default
 * with a sensible reading of the data. Faults are scripted with `fail`, see `geminiFaults`.
 */
export async function startGemini(
  options: { answer?: (question: ModelQuestion) => unknown; apiKey?: string; port?: number } = {},
): Promise<GeminiStandIn> {
  const questions = openJournal<ModelQuestion>(({ model }) => model)
  const answer = options.answer ?? (({ data }: ModelQuestion) => readingOf(data))
  const server = await startStandIn(
    (request) => {
      const question = read(request, options.apiKey ?? geminiKey)
      if ('status' in question) return question
      questions.add(question)
      return completion(answer(question))
    },
    options.port === undefined ? {} : { port: options.port },
  )
  return { ...server, questions: questions.entries }
}

/** A finished answer, as the API gives it: text of JSON, unless it is text already. */
export function completion(answer: unknown, finishReason = 'STOP'): Answer {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  const candidate = { content: { role: 'model', parts: [{ text }] }, finishReason, index: 0 }
  const usageMetadata = {
    promptTokenCount: 1800,
    candidatesTokenCount: Math.ceil(text.length / 4),
    thoughtsTokenCount: 120,
    totalTokenCount: 1920 + Math.ceil(text.length / 4),
  }
  return { status: 200, body: { candidates: [candidate], usageMetadata, modelVersion: 'stand-in' } }
}

/** What goes wrong with the real one, by name. */
export const geminiFaults = {
  rateLimited: (seconds: number): Fault =>
    refusal(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
      { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId: 'PerMinutePerProject' }] },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` },
    ]),
  overloaded: (): Fault => refusal(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  badKey: (): Fault => refusal(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
  badGateway: (): Fault => ({
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html><title>502 Bad Gateway</title></html>',
  }),
  cutOff: (): Fault => completion('{"is_incident": true, "severity": "HIGH", "root_cau', 'MAX_TOKENS'),
  notJson: (): Fault => completion('Sure! Here is my analysis of the incident: it looks bad.'),
  blockedAnswer: (): Fault => ({
    status: 200,
    body: { candidates: [{ finishReason: 'SAFETY', index: 0 }], usageMetadata: { promptTokenCount: 1800 } },
  }),
  blockedPrompt: (): Fault => ({
    status: 200,
    body: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 1800 } },
  }),
  empty: (): Fault => ({ status: 200, body: {} }),
  brokenBody: (): Fault => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"candidates": [' }),
  reset: 'reset',
  hang: 'hang',
} as const

function refusal(code: number, status: string, message: string, details: object[] = []): Answer {
  return { status: code, body: { error: { code, message, status, details } } }
}

/** The question, or the API's own refusal of a request that it would not take. */
function read({ method, path, headers, body }: Received, key: string): ModelQuestion | Answer {
  const model = /^\/v1beta\/models\/([\w.-]+):generateContent$/.exec(path)?.[1]
  if (model === undefined || method !== 'POST') return refusal(404, 'NOT_FOUND', 'Requested entity was not found.')
  if (headers['x-goog-api-key'] !== key) return refusal(400, 'INVALID_ARGUMENT', 'API key not valid.')
  const request = GenerateRequest.safeParse(tryParseJson(body))
  if (!request.success)
    return refusal(400, 'INVALID_ARGUMENT', `Invalid JSON payload received: ${request.error.message}`)
  return questionOf(model, request.data)
}

function questionOf(model: string, { contents, systemInstruction, generationConfig }: GenerateRequest): ModelQuestion {
  const textOf = (content: GenerateRequest['contents'][number] | undefined) =>
    (content?.parts ?? []).map(({ text }) => text).join('')
  return {
    model,
    instructions: systemInstruction.parts.map(({ text }) => text).join(''),
    data: textOf(contents[0]),
    last: textOf(contents.at(-1)),
    schema: generationConfig.responseJsonSchema,
  }
}

const Line = z.object({
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  data: z.record(z.string(), z.unknown()),
})
type Line = z.infer<typeof Line>

/**
 * A reading of the data such as a model gives it: plain enough to be right about the classic scenarios, and made from
 * nothing but the prompt, so that it shows what the prompt carries.
 */
export function readingOf(data: string): Proposal {
  const lines = data.split('\n').flatMap((line) => Line.safeParse(tryParseJson(line)).data ?? [])
  const kind = (name: string) => lines.filter((line) => line.kind === name)
  const stuck = kind('task_failure').find(({ source, data: { state } }) => source === 'airflow' && state === 'running')
  const run = kind('dag_run').find(({ data: { state } }) => state === 'running')
  const dropped = kind('schema_change')[0]
  const metric = kind('metric').find((line) => typeof line.data.pattern === 'string')
  const affected = kind('lineage')
    .flatMap((line) => names(line.data.downstream))
    .concat(kind('catalog_entry').flatMap((line) => names(line.data.consumers)))
  const assets = [...new Set(affected)]
  const common = {
    affected_count: assets.length,
    affected_assets: assets,
    business_impact: assets.length > 0 ? `${assets.length} depend on it.` : 'None known.',
    remediation: null,
  }
  const cited = (...used: (Line | undefined)[]) => used.flatMap((line) => line?.id ?? [])
  const catalogue = kind('catalog_entry')[0]
  if (stuck || run) {
    const target = stuck ? `${stuck.data.dag_id}.${stuck.data.task_id}` : null
    return {
      ...common,
      is_incident: true,
      severity: 'CRITICAL',
      category: 'pipeline_delay',
      root_cause: `The run is stuck${target ? ` in task ${target}` : ''} and its SLA is broken.`,
      reasoning: 'It runs far longer than usual, and what waits for it is business-critical.',
      recommended_action: target ? 'auto_fix' : 'notify_team',
      confidence: target ? 0.92 : 0.8,
      evidence_ids: cited(stuck, run, catalogue),
      remediation: target ? { template: 'airflow_clear_task', target } : null,
    }
  }
  if (dropped) {
    return {
      ...common,
      is_incident: true,
      severity: 'HIGH',
      category: 'schema_change',
      root_cause: `Column ${dropped.data.column} of ${dropped.data.table} was removed; what selects it by name breaks.`,
      reasoning: 'A removed column with readers downstream is no noise, and no restart mends it.',
      recommended_action: 'notify_team',
      confidence: 0.9,
      evidence_ids: cited(dropped, kind('lineage')[0], catalogue),
    }
  }
  if (metric) {
    return {
      ...common,
      is_incident: false,
      severity: 'LOW',
      category: 'resource',
      root_cause: `The load of a known pattern: ${metric.data.pattern}.`,
      reasoning: 'It lies within its baseline, and nothing depends on the host.',
      recommended_action: 'dismiss',
      confidence: 0.9,
      evidence_ids: cited(metric, catalogue),
    }
  }
  return {
    ...common,
    is_incident: true,
    severity: 'MEDIUM',
    category: 'unknown',
    root_cause: 'Not known from what is given.',
    reasoning: 'Nothing in the data explains the alert.',
    recommended_action: 'notify_team',
    confidence: 0.5,
    evidence_ids: lines.slice(0, 3).map(({ id }) => id),
  }
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
