import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../lib/json.ts'

const scenarios = join(import.meta.dirname, '..', '..', '..', 'test_scenarios')

/** Where an incident ends, and the classic scenario that ends there. */
export const endings = { notified: 'schema_drift', dismissed: 'false_positive' } as const
export type Ending = keyof typeof endings

/** A classic alert as another check would send it of another database, so that it folds into nothing; `name` is in its title. */
export async function freshAlert(ending: Ending, name: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(scenarios, `${endings[ending]}.json`), 'utf8')
  const elsewhere = text.replaceAll('prod.analytics.', `${name.replaceAll(/\W/g, '_')}.analytics.`)
  const alert = z.looseObject({ title: z.string() }).parse(parseJson(elsewhere))
  return { ...alert, alert_id: name, check_id: name, title: `${alert.title} (${name})` }
}
