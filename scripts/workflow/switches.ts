import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import type { Store } from '../store/connection.ts'
import { type SwitchSubject, setSwitch } from '../store/switches.ts'
import { adminsOf } from './policy.ts'

interface Turn {
  subject: SwitchSubject
  who: string
  why: string
}

/** Stops every fix, or those of one template, at their next step. Any responder may. */
export async function throwSwitch(store: Store, turn: Turn): Promise<void> {
  await setSwitch(store, { ...turn, thrown: true })
}

/** Lets fixes run again. @throws AppError E_APPROVAL_REFUSED unless policy names `who` under `admins` */
export async function releaseSwitch(store: Store, turn: Turn, settings: Settings): Promise<void> {
  const admins = await adminsOf(settings)
  if (!admins.some((one) => one.toLowerCase() === turn.who.trim().toLowerCase())) {
    throw new AppError(
      'E_APPROVAL_REFUSED',
      `Only an admin releases a switch, and policy names ${turn.who} as none.`,
      'Ask one of those that config/policy.yaml lists under admins.',
    )
  }
  await setSwitch(store, { ...turn, thrown: false })
}
