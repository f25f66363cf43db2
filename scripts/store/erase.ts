import { createHash } from 'node:crypto'
import { z } from 'zod'
import { appendAudit } from './audit.ts'
import { fingerprintsOfLines } from './audit-chain.ts'
import type { Query, Store } from './connection.ts'
import { sql } from './sql.ts'

const Found = z.object({ place: z.string(), found: z.number().int() })
/** Rows of one column that hold the text. */
export type Found = z.infer<typeof Found>

/**
 * Finds a text, or takes it out, in every text, list and JSON column of the tenant: as it is, and as JSON writes it, once
 * and once again inside a string. Case does not matter. A line is added to the audit log that keeps a hash of the text and
 * of each line of that log that was changed by it, so that its chain still holds.
 * @param store of the owner's role; the product's own may not rewrite what was.
 * @throws AppError E_STORE_…
 */
export function eraseText(store: Store, text: string, how: { apply: boolean; by: string }): Promise<Found[]> {
  const words = variantsOf(text)
  return store.transaction(async (query) => {
    const lines = how.apply ? await auditLinesWith(query, words) : []
    if (how.apply) await endSessions(query, words)
    const found = await query.rows(
      Found,
      sql`select place, hits as found from erase_everywhere(${words}::text[], ${how.apply})`,
    )
    if (how.apply && found.length > 0) {
      await appendAudit(query, {
        actor: holdsAny(how.by, words) ? 'erased' : how.by,
        what: 'erased',
        subject: null,
        detail: {
          sha256: createHash('sha256').update(text.toLowerCase()).digest('hex'),
          places: Object.fromEntries(found.map((one) => [one.place, one.found])),
          lines: await fingerprintsOfLines(query, lines),
        },
      })
    }
    return found
  })
}

/** The ids of the audit log's lines that hold one of the words. */
async function auditLinesWith(query: Query, words: readonly string[]): Promise<string[]> {
  const rows = await query.rows(
    z.object({ id: z.string() }),
    sql`select id::text from audit where exists (
          select from unnest(${words}::text[]) as word
          where strpos(lower(concat_ws(chr(10), actor, what, subject, detail::text)), lower(word)) > 0) order by id`,
  )
  return rows.map(({ id }) => id)
}

/** A person who is erased is logged in no more: the account goes on under a name that nobody knows. */
async function endSessions(query: Query, words: readonly string[]): Promise<void> {
  const named = sql`exists (select from unnest(${words}::text[]) as word where strpos(lower(account), lower(word)) > 0)`
  await query.run(sql`delete from sessions where ${named}`)
  await query.run(sql`delete from api_tokens where ${named}`)
}

function holdsAny(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.toLowerCase().includes(word.toLowerCase()))
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
