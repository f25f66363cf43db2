import { z } from 'zod'
import { Role } from '../domain/account.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { sql } from './sql.ts'

/** Who the provider says somebody is, and what their groups give in this tenant. */
export interface Vouched {
  issuer: string
  /** The person's own id there: it never changes, and is never somebody else's. */
  subject: string
  /** The name for a new account; later the account keeps its own. */
  name: string
  role: Role | null
}

/** Who it is here, or why they are not let in. */
export type Admitted = { name: string } | { refused: 'no_role' | 'deactivated' | 'name_taken' }

/**
 * Finds or makes the account of somebody whom the provider vouches for, with the role that their groups give now. Whose
 * groups give none any more is not let in, and whatever was left of sessions and tokens ends. An account with a password
 * of the same name stays its own, unless an admin handed it over: a name at the provider may be anybody's choice.
 */
export function admitVouched(access: Access, vouched: Vouched): Promise<Admitted> {
  const { issuer, subject, name, role } = vouched
  return within(access, async (query) => {
    const known = await query.first(
      z.object({ name: z.string(), role: Role, active: z.boolean() }),
      sql`select name, role, deactivated_at is null as active from accounts
          where oidc_issuer = ${issuer} and oidc_subject = ${subject} for update`,
    )
    if (known && !known.active) return refuse(query, known.name, 'deactivated')
    if (role === null) {
      if (known) await endAll(query, known.name)
      return refuse(query, known?.name ?? name, 'no_role')
    }
    if (!known) return add(query, vouched, role)
    await query.run(sql`update accounts set role = ${role}, oidc_seen_at = now() where name = ${known.name}`)
    if (known.role !== role) {
      const detail = { role, before: known.role }
      await appendAudit(query, { actor: 'oidc', what: 'changed a role', subject: known.name, detail })
    }
    return { name: known.name }
  })
}

async function add(query: Query, { issuer, subject, name }: Vouched, role: Role): Promise<Admitted> {
  const added = await query.run(
    sql`insert into accounts (tenant, name, role, created_by, oidc_issuer, oidc_subject, oidc_seen_at)
        values (current_setting('dim.tenant'), ${name}, ${role}, 'oidc', ${issuer}, ${subject}, now())
        on conflict (tenant, name) do nothing`,
  )
  if (added === 0 && !(await bind(query, { issuer, subject, name }, role))) return refuse(query, name, 'name_taken')
  const what = added === 1 ? 'added an account' : 'took over an account'
  await appendAudit(query, { actor: 'oidc', what, subject: name, detail: { role, issuer } })
  return { name }
}

/** Hands the account of that name over, when an admin said so: its password, link and sessions end. */
async function bind(query: Query, { issuer, subject, name }: Omit<Vouched, 'role'>, role: Role): Promise<boolean> {
  const bound = await query.run(
    sql`update accounts
        set oidc_issuer = ${issuer}, oidc_subject = ${subject}, oidc_seen_at = now(), oidc_expected = false,
          role = ${role}, password_hash = null, invite_hash = null, invite_until = null
        where name = ${name} and oidc_expected and oidc_subject is null and deactivated_at is null`,
  )
  if (bound === 1) await query.run(sql`delete from sessions where account = ${name}`)
  return bound === 1
}

/**
 * An admin says that whoever bears an account's name at the provider is its person: the next log-in there takes it over.
 * False when there is no such account with a password.
 */
export function expectVouched(access: Access, name: string, by: string): Promise<boolean> {
  return within(access, async (query) => {
    const changed = await query.run(
      sql`update accounts set oidc_expected = true
          where name = ${name} and deactivated_at is null and oidc_subject is null`,
    )
    if (changed === 1)
      await appendAudit(query, { actor: by, what: 'handed an account to oidc', subject: name, detail: {} })
    return changed === 1
  })
}

async function endAll(query: Query, name: string): Promise<void> {
  await query.run(sql`delete from sessions where account = ${name}`)
  await query.run(sql`update api_tokens set revoked_at = now() where account = ${name} and revoked_at is null`)
}

async function refuse(
  query: Query,
  name: string,
  refused: 'no_role' | 'deactivated' | 'name_taken',
): Promise<Admitted> {
  await appendAudit(query, { actor: 'oidc', what: 'refused a log-in', subject: name, detail: { why: refused } })
  return { refused }
}
