import { AppError } from './errors.ts'

/** Deeper than any monitor nests, and shallow enough for whatever walks the value afterwards. */
const maxDepth = 200

/** Only these texts need the slow way: a long number, a large exponent, or the one key that is not like the others. */
const needsCare = /\d{16}|\de[+-]?\d{3}|__proto__|\\u005f/i

const namesPrototype = /__proto__|\\u005f/i

/**
 * Parses JSON that may come from anyone. Integers beyond 2^53 and numbers beyond a double stay as the strings they
 * were written as, `__proto__` keys are dropped, a byte order mark is skipped. `exact: false` leaves numbers to the parser:
 * for large files in which none is an id.
 * @throws AppError E_PAYLOAD_UNREADABLE; its message never quotes the text, which may hold a secret.
 */
export function parseJson(
  text: string,
  { deepest = maxDepth, exact = true }: { deepest?: number | undefined; exact?: boolean | undefined } = {},
): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (body.trim() === '') throw unreadable('The body is empty.')
  if (isDeeperThan(body, deepest)) throw unreadable(`The JSON is nested more than ${deepest} levels deep.`)
  try {
    const care = exact ? needsCare : namesPrototype
    return care.test(body) ? JSON.parse(body, careful) : JSON.parse(body)
  } catch (thrown) {
    const position = thrown instanceof Error ? /at position (\d+)/.exec(thrown.message)?.[1] : undefined
    throw unreadable(`The body is not JSON${position ? ` (at position ${position})` : ''}.`)
  }
}

/** The parsed value, or undefined when the text is not JSON. For strings that may or may not hold JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** JSON of any value, never throwing: cycles, big integers, errors and hostile `toJSON` become strings. */
export function safeStringify(value: unknown, indent = 0): string {
  /** The objects from the root to where the walk is. */
  const path: unknown[] = []
  try {
    const text = JSON.stringify(
      value,
      function (this: unknown, _key, item: unknown) {
        while (path.length > 0 && path.at(-1) !== this) path.pop()
        if (typeof item === 'bigint') return item.toString()
        if (typeof item === 'function' || typeof item === 'symbol') return undefined
        if (typeof item !== 'object' || item === null) return item
        if (path.includes(item)) return '[circular]'
        if (path.length > maxDepth) return '[too deep]'
        const shown = item instanceof Error ? { name: item.name, message: item.message } : item
        path.push(shown)
        return shown
      },
      indent,
    )
    return text ?? 'null'
  } catch {
    return '"[unreadable]"'
  }
}

/** `context.source` is the number as it was written. */
function careful(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key === '__proto__') return undefined
  if (typeof value !== 'number' || context?.source === undefined) return value
  const isWhole = /^-?\d+$/.test(context.source)
  return Number.isFinite(value) && (!isWhole || Number.isSafeInteger(value)) ? value : context.source
}

/** Counts brackets outside strings, so that neither the parser nor a later walk runs out of stack. */
function isDeeperThan(text: string, limit: number): boolean {
  // Most texts have fewer brackets than that, and to count one character is what the engine is quick at.
  if (countOf('{', text, limit) + countOf('[', text, limit) <= limit) return false
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index += 1
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x5b || code === 0x7b) {
      depth += 1
      if (depth > limit) return true
    } else if (code === 0x5d || code === 0x7d) depth -= 1
  }
  return false
}

/** How often a character occurs; no further than `enough`. */
function countOf(character: string, text: string, enough: number): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0 && count <= enough; at = text.indexOf(character, at + 1)) count += 1
  return count
}

function unreadable(message: string): AppError {
  return new AppError('E_PAYLOAD_UNREADABLE', message, 'Send one JSON document, encoded as UTF-8.')
}
