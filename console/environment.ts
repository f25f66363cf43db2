import type { Context } from 'hono'
import type { Settings } from '../scripts/lib/config.ts'
import type { Store } from '../scripts/store/connection.ts'
import type { Person } from '../scripts/store/sessions.ts'
import type { Provider } from './security/oidc.ts'

/** What the console stands on. */
export interface Ground {
  /** One store a tenant that is served, by the tenant's name; the first is the one that is offered. */
  stores: ReadonlyMap<string, Store>
  /** What a tenant's tasks are set up with; what the operator set for all comes with it. */
  settings(tenant: string): Settings
  /** The console as people reach it, when it is told. */
  publicUrl: URL | null
  /** The team's OpenID provider, when one is set up. */
  provider?: Provider | null
}

/** What a request carries once it is known who asks. */
export interface ConsoleEnv {
  Variables: {
    store: Store
    person: Person
    /** What every form of this person's pages carries. */
    csrf: string
    /** The token by which the API is asked, by its id. */
    token?: string
  }
}

export type ConsoleContext = Context<ConsoleEnv>
