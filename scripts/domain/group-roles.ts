import { includesRole, Role } from './account.ts'

/** What a group of the OpenID provider gives: a role, in one tenant. */
export interface GroupRole {
  /** As the setting names it; null: of whichever tenant is the only one. */
  tenant: string | null
  role: Role
  /** `*`: whoever the provider lets in. */
  group: string
}

/**
 * Reads `admin=data-admins, acme:responder=acme-oncall`. A group's name may hold anything but a comma.
 * Answers the entry that can't be read instead, when there is one.
 */
export function readGroupRoles(text: string): { rules: GroupRole[] } | { fault: string } {
  const rules: GroupRole[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const [, tenant, named, group] = /^(?:([a-z0-9][a-z0-9._-]*):)?([a-z]+)=(.+)$/.exec(entry) ?? []
    const role = Role.safeParse(named)
    if (!role.success || group === undefined) return { fault: entry }
    rules.push({ tenant: tenant ?? null, role: role.data, group: group.trim() })
  }
  return { rules }
}

/** The highest role that the groups give among these rules; null when they give none. */
export function roleOfGroups(rules: readonly GroupRole[], groups: readonly string[]): Role | null {
  const held = new Set(groups)
  let found: Role | null = null
  for (const { role, group } of rules) {
    if ((group === '*' || held.has(group)) && (found === null || includesRole(role, found))) found = role
  }
  return found
}
