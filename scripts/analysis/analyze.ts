import type { Analysis, AnalysisInput } from '../domain/assess/situation.ts'
import { toAppError } from '../lib/errors.ts'
import { analyzeWithRules } from './rules.ts'

type Settings = Readonly<Record<string, string | undefined>>

const defaultModel = 'gemini-2.5-flash'

/**
 * Analyses an incident: by the model where a key is set, else, or when the model does not answer well, by rules.
 * Settings: GEMINI_API_KEY, ANALYZER (`rules` never asks the model), GEMINI_MODEL, GEMINI_BASE_URL. Never throws for
 * the model's sake: `record.fallback` says why rules stood in for it.
 */
export async function analyze(input: AnalysisInput, settings: Settings): Promise<Analysis> {
  const apiKey = settings.GEMINI_API_KEY
  if (settings.ANALYZER === 'rules') return analyzeWithRules(input)
  if (!apiKey) {
    const analysis = analyzeWithRules(input)
    return settings.ANALYZER === 'gemini' ? standIn(analysis, 'GEMINI_API_KEY is not set') : analysis
  }
  try {
    // Loaded only here: a task that decides by rules does not pay for the vendor's SDK.
    const { analyzeWithGemini } = await import('./gemini.ts')
    return await analyzeWithGemini(input, {
      apiKey,
      model: settings.GEMINI_MODEL || defaultModel,
      ...(settings.GEMINI_BASE_URL ? { baseUrl: settings.GEMINI_BASE_URL } : {}),
    })
  } catch (thrown) {
    const { code, message } = toAppError(thrown)
    // Whatever went wrong on the model's way, the incident is decided. Only our own words are sure to hold no secret.
    return standIn(analyzeWithRules(input), code === 'E_UNEXPECTED' ? code : `${code}: ${message}`)
  }
}

function standIn({ proposal, record }: Analysis, why: string): Analysis {
  return { proposal, record: { ...record, fallback: why.slice(0, 300) } }
}
