import type { Analysis, AnalysisInput } from '../domain/assess/situation.ts'
import type { Evidence } from '../domain/evidence.ts'
import { matchesPattern } from '../domain/pattern.ts'
import { type AppError, toAppError } from '../lib/errors.ts'
import { analyzeWithModel, type Model } from './model.ts'
import { analyzeWithRules } from './rules.ts'
import { deservesSecondLook, lookAgain } from './second-look.ts'

type Settings = Readonly<Record<string, string | undefined>>

/** What the tasks share about the model through the store: whether it may be asked now, and what came of it. */
export interface ModelGate {
  /** Why the model is not to be asked now, in words for people; null when it may be. */
  closed(): Promise<string | null>
  /** `fault`: null when it answered. */
  tell(used: { calls: number; tokens: number; costUsd: number }, fault: AppError | null): Promise<void>
}

export interface AnalyzeOptions {
  gate?: ModelGate
  /** A second round of evidence, in its place in the incident. */
  gatherAgain?: () => Promise<readonly Evidence[]>
  /** Asked in place of Gemini. */
  model?: Model
}

const defaultModel = 'gemini-2.5-flash'

/**
 * Analyses an incident: first the cheap pass, which settles what needs no second opinion; then the model where one is
 * set up, else, or when it does not answer well, the rules. Never throws for the model's sake: `record.fallback` says
 * why rules stood in for it.
 * Settings: GEMINI_API_KEY or VERTEX_PROJECT (with VERTEX_LOCATION, VERTEX_CREDENTIALS), ANALYZER (`rules` never asks
 * the model), GEMINI_MODEL, GEMINI_BASE_URL.
 */
export async function analyze(
  input: AnalysisInput,
  settings: Settings,
  options: AnalyzeOptions = {},
): Promise<Analysis> {
  const byRules = analyzeWithRules(input)
  if (byRules.record.cheap_pass || settings.ANALYZER === 'rules') return byRules
  if (!options.model && !settings.GEMINI_API_KEY && !settings.VERTEX_PROJECT) {
    return settings.ANALYZER === 'gemini' ? standIn(byRules, 'GEMINI_API_KEY is not set') : byRules
  }
  if (isKeptFromModel(input)) return standIn(byRules, 'policy keeps it from the model')
  const { gate } = options
  const closed = await gate?.closed()
  if (closed) return standIn(byRules, closed)
  const used = { calls: 0, tokens: 0, costUsd: 0 }
  let fault: AppError | null = null
  try {
    const model = options.model ?? (await openModel(input, settings))
    const ask = (asked: AnalysisInput) =>
      analyzeWithModel(asked, model, {
        clock: () => performance.now(),
        secretValues: [settings.GEMINI_API_KEY, settings.VERTEX_CREDENTIALS].filter((value) => value !== undefined),
        onUsage({ tokens, costUsd }) {
          used.calls += 1
          used.tokens += tokens
          used.costUsd += costUsd
        },
      })
    const first = await ask(input)
    if (!options.gatherAgain || !deservesSecondLook(first, input)) return first
    return await lookAgain(first, input, options.gatherAgain, ask)
  } catch (thrown) {
    fault = toAppError(thrown)
    // Whatever went wrong on the model's way, the incident is decided. Only our own words are sure to hold no secret.
    return standIn(byRules, fault.code === 'E_UNEXPECTED' ? fault.code : `${fault.code}: ${fault.message}`)
  } finally {
    // What it cost is counted, and a book that can't be kept stops no decision.
    await gate?.tell(used, fault).catch(() => {})
  }
}

/** `llm: never` for the source, or for an asset by its name. */
function isKeptFromModel({ policy, alerts }: AnalysisInput): boolean {
  const names = alerts.flatMap(({ asset }) => (asset ? [asset.name, ...Object.values(asset.native ?? {})] : []))
  return (
    policy.llm === 'never' || policy.llm_never.some((pattern) => names.some((name) => matchesPattern(pattern, name)))
  )
}

async function openModel({ policy }: AnalysisInput, settings: Settings): Promise<Model> {
  // Loaded only here: a task that decides by rules does not pay for the vendor's SDK.
  const { openGemini } = await import('./gemini.ts')
  const { GEMINI_API_KEY, GEMINI_BASE_URL, VERTEX_PROJECT, VERTEX_LOCATION, VERTEX_CREDENTIALS } = settings
  return openGemini({
    model: settings.GEMINI_MODEL || defaultModel,
    terms: policy.model,
    ...(GEMINI_BASE_URL ? { baseUrl: GEMINI_BASE_URL } : {}),
    ...(VERTEX_PROJECT
      ? {
          vertex: {
            project: VERTEX_PROJECT,
            location: VERTEX_LOCATION || 'europe-west1',
            ...(VERTEX_CREDENTIALS ? { credentials: VERTEX_CREDENTIALS } : {}),
          },
        }
      : { apiKey: GEMINI_API_KEY ?? '' }),
  })
}

function standIn({ proposal, record }: Analysis, why: string): Analysis {
  return { proposal, record: { ...record, fallback: why.slice(0, 300) } }
}
