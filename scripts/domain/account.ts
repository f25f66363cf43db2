import { z } from 'zod'

/** What a person may do: look, act on incidents, or also manage people and settings. Each includes the one before. */
export const Role = z.enum(['viewer', 'responder', 'admin'])
export type Role = z.infer<typeof Role>

const rank: Record<Role, number> = { viewer: 0, responder: 1, admin: 2 }

/** True when a role includes what another may do. */
export function includesRole(held: Role, needed: Role): boolean {
  return rank[held] >= rank[needed]
}

/** The lesser of two roles: a token of an admin may be one that only looks; one of a viewer never does more. */
export function lesserRole(one: Role, other: Role): Role {
  return includesRole(one, other) ? other : one
}

/** A person's name for logging in: a word or an e-mail address, in lower case. */
export const AccountName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@+-]{0,99}$/, 'must be a word or an e-mail address')
export type AccountName = z.infer<typeof AccountName>
