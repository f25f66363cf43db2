import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Role } from './account.ts'
import { readGroupRoles, roleOfGroups } from './group-roles.ts'

describe('what groups give', () => {
  it('is read with tenants, and groups of any name', () => {
    expect(readGroupRoles('admin=data admins, acme:responder=/acme/on=call:now,viewer=*,')).toEqual({
      rules: [
        { tenant: null, role: 'admin', group: 'data admins' },
        { tenant: 'acme', role: 'responder', group: '/acme/on=call:now' },
        { tenant: null, role: 'viewer', group: '*' },
      ],
    })
  })

  it.each(['owner=x', 'admin', 'admin=', '=x', 'ACME:admin=x', ':admin=x', 'constructor=x'])(
    'names %s as a fault',
    (text) => {
      expect(readGroupRoles(`viewer=a, ${text}`)).toEqual({ fault: text })
    },
  )

  it('is the highest of all, whatever their order', () => {
    const rules = Role.options.map((role) => ({ tenant: null, role, group: role }))
    fc.assert(
      fc.property(fc.shuffledSubarray(rules), fc.shuffledSubarray([...Role.options]), (given, groups) => {
        const best = Role.options
          .filter((role) => groups.includes(role) && given.some((one) => one.role === role))
          .at(-1)
        expect(roleOfGroups(given, groups)).toBe(best ?? null)
      }),
    )
  })

  it('is nothing without a group that counts', () => {
    expect(roleOfGroups([{ tenant: null, role: 'admin', group: 'a' }], ['A', 'b', '*'])).toBeNull()
    expect(roleOfGroups([{ tenant: null, role: 'viewer', group: '*' }], [])).toBe('viewer')
  })
})
