import type { RoleChange } from '../../scripts/store/accounts.ts'
import { Refusal } from '../refusal.ts'

/** @throws Refusal that says why an account was not changed */
export function settle(outcome: RoleChange): void {
  if (outcome !== 'changed') throw refusedChange(outcome)
}

/** Why an account was not changed. */
export function refusedChange(outcome: Exclude<RoleChange, 'changed'>): Refusal {
  if (outcome === 'unknown') return unknownAccount()
  if (outcome === 'provider') {
    return new Refusal(
      409,
      'Groups decide this role.',
      'Change them at the log-in provider; the next log-in takes it up.',
    )
  }
  return new Refusal(409, 'This is the last admin.', 'Give somebody else the role admin first; nobody could undo this.')
}

export function unknownAccount(): Refusal {
  return new Refusal(404, 'There is no such account to change.', 'Open Accounts again: it may have changed.')
}

export function nameTaken(name: string): Refusal {
  return new Refusal(409, `There is an account ${name} already.`, 'Make a new link for it, or choose another name.')
}
