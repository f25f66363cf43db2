import { z } from 'zod'
import { Role } from '../domain/account.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** A session ends after so many hours without use, and after so many days in any case. */
const idleHours = 12
const longestDays = 7
/** Of whom the OpenID provider vouches: so often their groups are asked for again. */
const vouchedDays = 1

/** Who is at the other side, and what they may do. */
export const Person = z.object({ name: z.string(), role: Role })
export type Person = z.infer<typeof Person>

/** Begins a session. What has run out is swept away meanwhile. */
export function beginSession(access: Access, account: string, tokenHash: string): Promise<void> {
  return within(access, async (query) => {
    await query.run(sql`delete from sessions where not ${isAlive}`)
    await query.run(
      sql`insert into sessions (tenant, token_hash, account)
          values (current_setting('dim.tenant'), ${tokenHash}, ${account})`,
    )
    await appendAudit(query, { actor: account, what: 'logged in', subject: account, detail: {} })
  })
}

const isAlive = sql`(used_at > now() - make_interval(hours => ${idleHours})
  and sessions.created_at > now() - make_interval(days => ${longestDays}))`

/** Whose session this is; null when there is none, it has run out, or the person has been deactivated. */
export function personOfSession(access: Access, tokenHash: string): Promise<Person | null> {
  return within(access, async (query) => {
    const found = await query.first(
      Person.extend({ stale: z.boolean() }),
      sql`select name, role, used_at < now() - interval '1 minute' as stale
          from sessions join accounts on accounts.tenant = sessions.tenant and name = account
          where token_hash = ${tokenHash} and deactivated_at is null and ${isAlive}
            and (oidc_subject is null or sessions.created_at > now() - make_interval(days => ${vouchedDays}))`,
    )
    if (found?.stale) await query.run(sql`update sessions set used_at = now() where token_hash = ${tokenHash}`)
    return found && { name: found.name, role: found.role }
  })
}

/** Ends a session. */
export function endSession(access: Access, tokenHash: string, who: string): Promise<void> {
  return within(access, async (query) => {
    await query.run(sql`delete from sessions where token_hash = ${tokenHash}`)
    await appendAudit(query, { actor: who, what: 'logged out', subject: who, detail: {} })
  })
}
