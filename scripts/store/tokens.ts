import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { lesserRole, Role } from '../domain/account.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { idAlphabet } from './incidents.ts'
import type { Person } from './sessions.ts'
import { sql, text } from './sql.ts'

/** As many tokens may live at once for one person. */
const mostTokens = 20
/** A token of whom the OpenID provider vouches rests when they have not logged in for so long: groups may have changed. */
const vouchedDays = 30

/** A token of the API as its owner sees it; the token itself is kept nowhere. */
export const ApiToken = z.object({
  id: z.string(),
  label: z.string(),
  /** What it may do at most; its owner's role, if that is less. */
  scope: Role,
  created_at: z.date(),
  expires_at: z.date(),
  used_at: z.date().nullable(),
})
export type ApiToken = z.infer<typeof ApiToken>

const isAlive = sql`(revoked_at is null and expires_at > now())`

/** Makes a token and answers its id; null when the person has as many as one may have, or is none. */
export function addToken(
  access: Access,
  token: { account: string; label: string; scope: Role; days: number; tokenHash: string },
): Promise<string | null> {
  const id = `TOK-${Array.from({ length: 8 }, () => idAlphabet[randomInt(idAlphabet.length)]).join('')}`
  const { account, label, scope, days, tokenHash } = token
  return within(access, async (query) => {
    const owner = await query.first(
      z.object({}),
      sql`select from accounts where name = ${account} and deactivated_at is null for update`,
    )
    const alive = await listTokens(query, account)
    if (!owner || alive.length >= mostTokens) return null
    await query.run(
      sql`insert into api_tokens (tenant, id, token_hash, account, label, scope, expires_at)
          values (current_setting('dim.tenant'), ${id}, ${tokenHash}, ${account}, ${text(label)}, ${scope},
            now() + make_interval(days => ${days}))`,
    )
    await appendAudit(query, { actor: account, what: 'made a token', subject: id, detail: { label, scope, days } })
    return id
  })
}

/** The tokens of a person that are good, the latest first. */
export function listTokens(access: Access, account: string): Promise<ApiToken[]> {
  return within(access, (query) =>
    query.rows(
      ApiToken,
      sql`select id, label, scope, created_at, expires_at, used_at from api_tokens
          where account = ${account} and ${isAlive} order by created_at desc, id`,
    ),
  )
}

/** Ends a token of a person at once. False when it is none of theirs, or has ended. */
export function revokeToken(access: Access, account: string, id: string): Promise<boolean> {
  return within(access, async (query) => {
    const ended = await query.run(
      sql`update api_tokens set revoked_at = now() where id = ${id} and account = ${account} and ${isAlive}`,
    )
    if (ended === 1) await appendAudit(query, { actor: account, what: 'revoked a token', subject: id, detail: {} })
    return ended === 1
  })
}

/** Who asks by a token, and by which: with its scope, or with the role that its owner has by now, if that is less. */
export interface Bearer {
  person: Person
  token: string
}

/** Whose token this is; null when it is none, has run out or was revoked, or its owner has been deactivated. */
export function bearerOf(access: Access, tokenHash: string): Promise<Bearer | null> {
  return within(access, async (query) => {
    const found = await query.first(
      z.object({ id: z.string(), name: z.string(), role: Role, scope: Role, stale: z.boolean() }),
      sql`select id, name, role, scope, coalesce(used_at < now() - interval '1 minute', true) as stale
          from api_tokens join accounts on accounts.tenant = api_tokens.tenant and name = account
          where token_hash = ${tokenHash} and ${isAlive} and deactivated_at is null
            and (oidc_subject is null or oidc_seen_at > now() - make_interval(days => ${vouchedDays}))`,
    )
    if (!found) return null
    if (found.stale) await query.run(sql`update api_tokens set used_at = now() where id = ${found.id}`)
    return { person: { name: found.name, role: lesserRole(found.role, found.scope) }, token: found.id }
  })
}
