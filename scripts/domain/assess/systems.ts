import type { Category } from '../alert.ts'
import { type Evidence, type EvidenceOf, type EvidenceSource, ofKind } from '../evidence.ts'

/** The systems without which a category can't be judged. The catalogue is needed by all: it says how much it matters. */
const needed: Record<Category, readonly EvidenceSource[]> = {
  schema_change: ['snowflake', 'postgres', 'dbt', 'catalog'],
  freshness: ['airflow', 'dbt', 'snowflake', 'postgres', 'catalog'],
  volume: ['airflow', 'dbt', 'snowflake', 'postgres', 'catalog'],
  data_quality: ['dbt', 'snowflake', 'postgres', 'catalog'],
  pipeline_failure: ['airflow', 'dbt', 'catalog'],
  pipeline_delay: ['airflow', 'dbt', 'catalog'],
  lock: ['snowflake', 'postgres', 'catalog'],
  resource: ['catalog'],
  infrastructure: ['catalog'],
  access: ['snowflake', 'postgres', 'catalog'],
  cost: ['snowflake', 'catalog'],
  unknown: ['airflow', 'dbt', 'snowflake', 'postgres', 'catalog'],
}

/** Whether what did not answer could have: of another environment, say, there is nobody to ask. */
export function isConfigured({ reason }: EvidenceOf<'unavailable'>['data']): boolean {
  return !/^not[_ ]configured/i.test(reason)
}

/** Systems that the category needs, that are configured, and that did not answer. */
export function unavailableSystems(evidence: readonly Evidence[], category: Category): EvidenceOf<'unavailable'>[] {
  return ofKind(evidence, 'unavailable').filter(
    ({ data }) =>
      isConfigured(data) &&
      // An instance may have any name: what it is then stands beside it.
      needed[category].some((system) => `${data.kind ?? data.system}`.toLowerCase().startsWith(system)),
  )
}
