import type { Asset } from '../../domain/alert.ts'
import { assetOf } from '../../domain/reading/asset.ts'

/** How dbt tells of a failure: `Failure in test not_null_orders_amount (models/schema.yml)`. */
const dbtFailure = /\b(?:Failure|Error) in (?:test|model|snapshot|seed) ([\w.]{1,250}) \(/g
const mostNames = 2

/** The models and tests that dbt itself names as failed in a task's log, the first first; dbt is asked about them next. */
export function namedInLog(excerpt: string): Asset[] {
  const names = new Set([...excerpt.matchAll(dbtFailure)].map(([, name = '']) => name))
  return [...names].slice(0, mostNames).flatMap((name) => assetOf('model', name, { name }) ?? [])
}
