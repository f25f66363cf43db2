import { remember } from '../remember.ts'
import { oneLine } from '../text.ts'
import { namesIn, numberOf, plainKey, textOf } from './value.ts'

/** The keys and values of a payload, found by a pattern over the key in the form `snake_case`; anchors need the flag `m`. */
export class Claims {
  readonly #entries: readonly (readonly [string, unknown])[]
  /** Every key on a line of its own: whether any matches is asked before each is. */
  readonly #keys: string

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.#entries = entries.map(([key, value]) => [snake(key), value])
    this.#keys = this.#entries.map(([key]) => key).join('\n')
  }

  find<T>(pattern: RegExp, read: (value: unknown) => T | null): T | null {
    if (!pattern.test(this.#keys)) return null
    for (const [key, value] of this.#entries) {
      if (!pattern.test(key)) continue
      const found = read(value)
      if (found !== null) return found
    }
    return null
  }

  /** `none` is an answer here: it is what makes an impact harmless. */
  text(pattern: RegExp): string | null {
    return this.find(pattern, (value) => {
      if (typeof value === 'boolean') return value ? 'yes' : 'none'
      const text = typeof value === 'string' ? value : textOf(value)
      return (text === null ? '' : oneLine(text, 300)) || null
    })
  }

  number(pattern: RegExp): number | null {
    return this.find(pattern, numberOf)
  }

  names(pattern: RegExp): string[] {
    if (!pattern.test(this.#keys)) return []
    const names = this.#entries.flatMap(([key, value]) =>
      pattern.test(key) && typeof value === 'object' ? namesIn(value) : [],
    )
    return [...new Set(names.map((name) => oneLine(name, 300)).filter((name) => name !== ''))].slice(0, 200)
  }

  /** A length of time in seconds, by the unit at the end of the key: `_hours`, `_minutes`, `_ms`. */
  seconds(pattern: RegExp): number | null {
    if (!pattern.test(this.#keys)) return null
    for (const [key, value] of this.#entries) {
      const number = pattern.test(key) ? numberOf(value) : null
      const unit = key.slice(key.lastIndexOf('_') + 1)
      const factor = Object.hasOwn(secondsIn, unit) ? secondsIn[unit] : undefined
      if (number !== null && factor !== undefined) return Math.round(number * factor)
    }
    return null
  }
}

const secondsIn: Record<string, number> = {
  ms: 0.001,
  s: 1,
  sec: 1,
  secs: 1,
  seconds: 1,
  m: 60,
  min: 60,
  mins: 60,
  minutes: 60,
  h: 3600,
  hrs: 3600,
  hours: 3600,
  days: 86_400,
}

export const snake = remember((key) =>
  key.length > 100
    ? plainKey(key.slice(0, 100))
    : key
        .replace(/([a-z\d])([A-Z])/g, '$1_$2')
        .replace(/[\s.-]+/g, '_')
        .toLowerCase(),
)

/** One sentence of what is known. */
export function sentence(...parts: (string | null)[]): string {
  return `${oneLine(parts.filter((part) => part !== null).join(' '), 490)}.`
}

/** Without what is not known. */
export function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined))
}
