import { z } from 'zod'
import { Role } from '../domain/account.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** A one-time link is good for so long. */
const inviteHours = 72

export const Account = z.object({
  name: z.string(),
  role: Role,
  created_at: z.date(),
  created_by: z.string(),
  deactivated_at: z.date().nullable(),
  /** Whether a password is set, or the provider vouches: until then only the one-time link lets in. */
  ready: z.boolean(),
  /** Whether the team's OpenID provider vouches: then its groups decide the role, and there is no password. */
  by_provider: z.boolean(),
  /** When the person last did something here. */
  seen_at: z.date().nullable(),
  sessions: z.number().int(),
  tokens: z.number().int(),
})
export type Account = z.infer<typeof Account>

const canLogIn = sql`(deactivated_at is null and (password_hash is not null or oidc_subject is not null))`

/** Everybody who may log in, or once might. */
export function listAccounts(access: Access): Promise<Account[]> {
  return within(access, (query) =>
    query.rows(
      Account,
      sql`select name, role, created_at, created_by, deactivated_at, password_hash is not null or oidc_subject is not null as ready, oidc_subject is not null as by_provider,
            (select max(used_at) from sessions where account = name) as seen_at,
            (select count(*)::int from sessions where account = name) as sessions,
            (select count(*)::int from api_tokens
              where account = name and revoked_at is null and expires_at > now()) as tokens
          from accounts order by deactivated_at is not null, name`,
    ),
  )
}

/**
 * Makes the account `admin` with a one-time link when nobody can log in yet, or renews its link. False, and nothing
 * done, when an admin is there.
 */
export function ensureFirstAdmin(access: Access, inviteHash: string): Promise<boolean> {
  return within(access, async (query) => {
    await query.run(
      sql`select pg_advisory_xact_lock(hashtextextended(current_setting('dim.tenant') || '/accounts', 3))`,
    )
    const admin = await query.first(
      z.object({}),
      sql`select from accounts where role = 'admin' and ${canLogIn} limit 1`,
    )
    if (admin) return false
    await query.run(
      sql`insert into accounts (tenant, name, role, invite_hash, invite_until, created_by)
          values (current_setting('dim.tenant'), 'admin', 'admin', ${inviteHash},
            now() + make_interval(hours => ${inviteHours}), 'first start')
          on conflict (tenant, name) do update
          set invite_hash = excluded.invite_hash, invite_until = excluded.invite_until, role = 'admin',
            password_hash = null, deactivated_at = null, deactivated_by = null`,
    )
    await appendAudit(query, {
      actor: 'console',
      what: 'made a link for the first admin',
      subject: 'admin',
      detail: {},
    })
    return true
  })
}

/** Adds a person, who sets a password by a one-time link. False when the name is taken. */
export function addAccount(
  access: Access,
  account: { name: string; role: Role; inviteHash: string; by: string },
): Promise<boolean> {
  return within(access, async (query) => {
    const added = await query.run(
      sql`insert into accounts (tenant, name, role, invite_hash, invite_until, created_by)
          values (current_setting('dim.tenant'), ${account.name}, ${account.role}, ${account.inviteHash},
            now() + make_interval(hours => ${inviteHours}), ${account.by})
          on conflict do nothing`,
    )
    if (added === 0) return false
    const { name: subject, role, by: actor } = account
    await appendAudit(query, { actor, what: 'added an account', subject, detail: { role } })
    return true
  })
}

/**
 * A new one-time link for a person: for one who forgot a password, or never set one. False where there is none to set:
 * nobody of that name is here, or the provider vouches for them.
 */
export function renewInvite(access: Access, name: string, inviteHash: string, by: string): Promise<boolean> {
  return within(access, async (query) => {
    const changed = await query.run(
      sql`update accounts
          set invite_hash = ${inviteHash}, invite_until = now() + make_interval(hours => ${inviteHours})
          where name = ${name} and deactivated_at is null and oidc_subject is null`,
    )
    if (changed === 1)
      await appendAudit(query, { actor: by, what: 'renewed a one-time link', subject: name, detail: {} })
    return changed === 1
  })
}

const Invited = z.object({ name: z.string(), role: Role })

/** Whose one-time link this is, while it is good. */
export function findInvite(access: Access, inviteHash: string): Promise<z.infer<typeof Invited> | null> {
  return within(access, (query) =>
    query.first(
      Invited,
      sql`select name, role from accounts
          where invite_hash = ${inviteHash} and invite_until > now() and deactivated_at is null`,
    ),
  )
}

/** Sets the password of whoever the link belongs to, ends the link and every session. Null when the link is not good. */
export function redeemInvite(access: Access, inviteHash: string, passwordHash: string): Promise<string | null> {
  return within(access, async (query) => {
    const row = await query.first(
      z.object({ name: z.string() }),
      sql`update accounts set password_hash = ${passwordHash}, invite_hash = null, invite_until = null
          where invite_hash = ${inviteHash} and invite_until > now() and deactivated_at is null returning name`,
    )
    if (!row) return null
    await query.run(sql`delete from sessions where account = ${row.name}`)
    await appendAudit(query, { actor: row.name, what: 'set a password', subject: row.name, detail: {} })
    return row.name
  })
}

/** What a password is checked against; null when there is nobody of that name who may log in. */
export async function passwordHashOf(access: Access, name: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ password_hash: z.string().nullable() }),
      sql`select password_hash from accounts where name = ${name} and deactivated_at is null`,
    ),
  )
  return row?.password_hash ?? null
}

/** `provider`: the groups at the OpenID provider decide. */
export type RoleChange = 'changed' | 'unknown' | 'last_admin' | 'provider'

/** Gives a person another role, unless nobody would be left to manage people. */
export function changeRole(access: Access, name: string, role: Role, by: string): Promise<RoleChange> {
  return within(access, async (query) => {
    if (role !== 'admin' && (await isLastAdmin(query, name))) return 'last_admin'
    const account = await query.first(
      z.object({ by_provider: z.boolean() }),
      sql`select oidc_subject is not null as by_provider from accounts where name = ${name} and deactivated_at is null`,
    )
    if (!account) return 'unknown'
    if (account.by_provider) return 'provider'
    await query.run(sql`update accounts set role = ${role} where name = ${name}`)
    await appendAudit(query, { actor: by, what: 'changed a role', subject: name, detail: { role } })
    return 'changed'
  })
}

/** Ends a person's access at once: sessions, tokens and link with it. */
export function deactivateAccount(access: Access, name: string, by: string): Promise<RoleChange> {
  return within(access, async (query) => {
    if (await isLastAdmin(query, name)) return 'last_admin'
    const changed = await query.run(
      sql`update accounts set deactivated_at = now(), deactivated_by = ${by}, password_hash = null, invite_hash = null,
            invite_until = null
          where name = ${name} and deactivated_at is null`,
    )
    if (changed === 0) return 'unknown'
    const sessions = await query.run(sql`delete from sessions where account = ${name}`)
    const tokens = await query.run(
      sql`update api_tokens set revoked_at = now() where account = ${name} and revoked_at is null`,
    )
    await appendAudit(query, {
      actor: by,
      what: 'deactivated an account',
      subject: name,
      detail: { sessions, tokens },
    })
    return 'changed'
  })
}

/** Whether there was an account of this name that has been deactivated: whoever bears it decides nothing any more. */
export async function isDeactivated(access: Access, name: string): Promise<boolean> {
  const found = await within(access, (query) =>
    query.first(
      z.object({}),
      sql`select from accounts where name = ${name.trim().toLowerCase()} and deactivated_at is not null`,
    ),
  )
  return found !== null
}

/** Whether this is the one admin who can log in. The admins' rows stay as they are until the transaction ends. */
async function isLastAdmin(access: Access, name: string): Promise<boolean> {
  const admins = await within(access, (query) =>
    query.rows(
      z.object({ name: z.string() }),
      sql`select name from accounts where role = 'admin' and ${canLogIn}
          order by name for update`,
    ),
  )
  return admins.length === 1 && admins[0]?.name === name
}
