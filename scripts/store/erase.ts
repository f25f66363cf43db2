import { z } from 'zod'
import type { Store } from './connection.ts'
import { sql } from './sql.ts'

const Found = z.object({ place: z.string(), found: z.number().int() })
/** Rows of one column that hold the text. */
export type Found = z.infer<typeof Found>

/**
 * Finds a text, or takes it out, in every text and JSON column of the tenant: as it is, and as JSON writes it, once and
 * once again inside a string. Case does not matter. The audit log is counted and stays.
 * @param store of the owner's role; the product's own may not rewrite what was.
 * @throws AppError E_STORE_…
 */
export function eraseText(store: Store, text: string, { apply }: { apply: boolean }): Promise<Found[]> {
  return store.transaction((query) =>
    query.rows(Found, sql`select place, hits as found from erase_words(${variantsOf(text)}::text[], ${apply})`),
  )
}

/**
 * The text, and how it may stand in JSON: monitors written in Python escape all that is not ASCII. A database of the C
 * locale knows the case of ASCII only, so other letters come in the cases that names are written in.
 */
export function variantsOf(text: string): string[] {
  const lower = text.toLowerCase()
  const capitals = lower.replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase())
  const cases = [text, lower, text.toUpperCase(), capitals]
  const written = cases.flatMap((one) => [one, inJson(one), inAsciiJson(one)])
  return [...new Set([...written, ...written.map(inJson)])].sort((a, b) => b.length - a.length)
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function inAsciiJson(text: string): string {
  return inJson(text).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
