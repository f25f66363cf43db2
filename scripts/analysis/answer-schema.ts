import { z } from 'zod'
import { Proposal } from '../domain/decision.ts'

/** What of JSON Schema the vendor lists as supported (ai.google.dev/gemini-api/docs/structured-output). */
const supported: ReadonlySet<string> = new Set([
  'type',
  'format',
  'title',
  'description',
  'enum',
  'items',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'anyOf',
  'additionalProperties',
  'required',
])

/** Thought before verdict: what is written first shapes what follows. */
const order: readonly (keyof Proposal)[] = [
  'evidence_ids',
  'reasoning',
  'root_cause',
  'category',
  'is_incident',
  'affected_assets',
  'affected_count',
  'business_impact',
  'severity',
  'confidence',
  'recommended_action',
  'remediation',
]

/** The schema of the answer as the model's API takes it, made from `Proposal`. */
export function answerSchema(): Record<string, unknown> {
  return { ...adapt(z.toJSONSchema(Proposal)), propertyOrdering: order }
}

function adapt(schema: object): Record<string, unknown> {
  const adapted: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    // Below `properties` the keys are names, not keywords.
    if (key === 'properties' && isObject(value)) {
      adapted.properties = Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, isObject(item) ? adapt(item) : item]),
      )
    } else if (supported.has(key)) adapted[key] = adaptValue(value)
  }
  return adapted
}

function adaptValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(adaptValue)
  return isObject(value) ? adapt(value) : value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
