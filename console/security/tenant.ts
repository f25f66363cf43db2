import { rootNamespace } from '../../scripts/lib/tenant.ts'
import type { Store } from '../../scripts/store/connection.ts'
import type { Ground } from '../environment.ts'

/** The tenant that was typed, by its short name or by its namespace; the first when none was. */
export function storeOf({ stores }: Pick<Ground, 'stores'>, typed: string): Store | undefined {
  const [first] = stores.keys()
  const name = typed.trim()
  return stores.get(name || (first ?? '')) ?? stores.get(`${rootNamespace}.${name}`)
}
