import { literally } from '../domain/text.ts'

/** Hides what identifies people and machines, and puts it back into what comes home. */
export interface Disguise {
  hide(text: string): string
  restore(text: string): string
}

type Kind = 'email' | 'iban' | 'phone' | 'ip' | 'name'

/** In this order: an e-mail address may hold what looks like another, an IBAN what looks like a phone number. */
const shapes: readonly (readonly [Kind, RegExp])[] = [
  ['email', /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g],
  ['iban', /\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b/g],
  // Four numbers up to 255; the long and the short spelling of version 6.
  ['ip', /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\d)/g],
  ['ip', /(?<![\w:])(?:[A-Fa-f\d]{1,4}:){4,7}[A-Fa-f\d]{1,4}(?![\w:])/g],
  ['ip', /(?<![\w:])(?:[A-Fa-f\d]{1,4}:){1,6}:(?:[A-Fa-f\d]{1,4}:){0,5}[A-Fa-f\d]{1,4}(?![\w:])/g],
  // International, or national with its parts apart: a bare row of digits is a count or an id.
  ['phone', /(?<![\w.:-])\+\d{1,3}(?:[ ().-]{0,2}\d){7,12}(?![\w:])/g],
  ['phone', /(?<![\w.:+-])\(?0\d{2,4}\)?[ /-]\d{3,4}(?:[ -]\d{2,4}){1,3}(?![\w:-])/g],
]

/**
 * A disguise for one question: the same value gets the same placeholder, so that the model can still tell who is who.
 * `names` are hidden too, in any case, longest first. Text that already looks like a placeholder is broken up, so that
 * a payload can't have another's value put into the answer.
 */
export function disguise(names: readonly string[] = []): Disguise {
  const placeholders = new Map<string, string>()
  const originals = new Map<string, string>()
  const counts: Record<Kind, number> = { email: 0, iban: 0, phone: 0, ip: 0, name: 0 }

  function placeholder(kind: Kind, value: string): string {
    const known = placeholders.get(value)
    if (known) return known
    counts[kind] += 1
    const made = `<${kind}_${counts[kind]}>`
    placeholders.set(value, made)
    originals.set(made, value)
    return made
  }

  const hidden = names
    .filter((name) => name.trim() !== '')
    .toSorted((a, b) => b.length - a.length)
    .map((name) => new RegExp(`(?<!\\w)${literally(name.trim())}(?!\\w)`, 'gi'))

  return {
    hide(text) {
      let result = text.replace(/<((?:email|iban|phone|ip|name)_\d{1,6})>/g, '$1')
      for (const pattern of hidden) result = result.replace(pattern, (value) => placeholder('name', value))
      for (const [kind, pattern] of shapes) result = result.replace(pattern, (value) => placeholder(kind, value))
      return result
    },
    restore: (text) => text.replace(/<(?:email|iban|phone|ip|name)_\d{1,6}>/g, (made) => originals.get(made) ?? made),
  }
}
