import { remember } from '../remember.ts'

/** Reading values that came from anyone: nothing here throws, whatever it is given. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects in a list; everything else in it is left out. */
export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** What a table of a vendor's words says of one; undefined for a word that is not in it, `constructor` among them. */
export function lookUp<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}

/** What stands at a path of keys and array indexes (`alerts.0.labels`), own properties only; else undefined. */
export function at(value: unknown, path: string): unknown {
  // Nearly every path is one key, and this is asked hundreds of times a body.
  return path.includes('.') ? stepsOf(path).reduce(own, value) : own(value, path)
}

const stepsOf = remember<readonly string[]>((path) => path.split('.'))

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

/** The object at a path; an empty one when there is none. */
export function objectAt(value: unknown, path: string): JsonObject {
  const found = at(value, path)
  return isObject(found) ? found : {}
}

/** What templates leave behind when there is nothing to fill in: `null`, `N/A`, `${event.id}`, `{HOST.NAME}`, `$service`, `*name*`, `*insert host name*`. */
const nothing =
  /^(?:null|none|nil|nan|undefined|n\/a|-+|\$\{[\w.]*\}|\{[A-Z][\dA-Z_.]*\}|\{\{ ?[\w.$]* ?\}\}|\$[a-zA-Z][\w.]*|\*(?:insert [^*]*|[a-zA-Z]+)\*|%[A-Z_]+%)$/i

/** The text of a scalar, trimmed. Null for what is empty, an unfilled placeholder, or no scalar. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return Number.isNaN(value) ? null : String(value)
  if (typeof value !== 'string') return null
  const text = value.trim()
  return text === '' || (text.length < 100 && nothing.test(text)) ? null : text
}

/** The text at the first path that holds one. */
export function firstText(value: unknown, paths: readonly string[]): string | null {
  for (const path of paths) {
    const text = textOf(at(value, path))
    if (text !== null) return text
  }
  return null
}

/** A finite number, also when it was written as a string, with a percent sign or with thousands separators. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || value.length > 40) return null
  const plain = /^\s*(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*%?\s*$/i.exec(value)?.[1]
  const number = plain === undefined ? Number.NaN : Number(plain.replaceAll(',', ''))
  return Number.isFinite(number) ? number : null
}

/** The names in a list of strings or of objects that have a name; one string counts as a list. */
export function namesIn(value: unknown): string[] {
  const items = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[,;\n]/) : []
  return items.flatMap((item) => {
    const name = isObject(item) ? firstText(item, ['name', 'full_name', 'id', 'table', 'title']) : textOf(item)
    return name === null ? [] : [name]
  })
}

/** A key without case and punctuation, so that `alertName`, `alert_name` and `Alert Name` are one. */
export const plainKey = remember((key) => key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''))

/** The words of a text in lower case; a change from small to capital letters begins a new one: `ResolvedCritical`. */
export function wordsOf(text: string): string[] {
  return text
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}
