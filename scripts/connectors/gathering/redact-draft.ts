import { redactDeep } from '../../lib/redact.ts'

/**
 * What says which thing a piece of evidence is about, or how it is in a word of the system's own. Pieces are compared and
 * followed by these: a password that happens to be a table's name must not take the table away.
 */
const naming = new Set(
  [
    'source kind asset observed_at system name dag_id task_id run_id job_id connection_id connection unique_id table',
    'column change before after state status pool part what files built_by below incident_id',
    'leads upstream downstream exposures failed_first recent warehouses tags code environment',
  ].flatMap((line) => line.split(' ')),
)

/**
 * A connector's answer without secrets: those that show by name or shape nowhere, those given by value not in free text.
 * What is no object is redacted as it is.
 */
export function redactDraft(draft: unknown, secretValues: readonly string[]): unknown {
  const [open, hidden] = [redactDeep(draft), redactDeep(draft, secretValues)]
  if (!isObject(open) || !isObject(hidden)) return hidden
  const { data } = open
  const kept = withNames(open, hidden)
  return isObject(data) && isObject(hidden.data) ? { ...kept, data: withNames(data, hidden.data) } : kept
}

function withNames(open: Fields, hidden: Fields): Fields {
  return Object.fromEntries(Object.keys(hidden).map((key) => [key, (naming.has(key) ? open : hidden)[key]]))
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
