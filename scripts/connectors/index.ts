import type { Connector, FailureFeed, Survey } from './connector.ts'

/** What names the instances of a connector, and what loads it: only those that are configured cost a task's start. */
interface Entry {
  /** The setting that describes its default instance; null where settings describe none. */
  setting: string | null
  /** What `config/systems.yaml` calls its instances. */
  kinds: readonly string[]
  load(): Promise<Connector>
}

/** Every connector, by its name. */
export const registry: Readonly<Record<string, Entry>> = {
  catalog: {
    setting: 'DIM_CONFIG_DIR',
    kinds: [],
    load: async () => (await import('./catalog.ts')).catalog,
  },
  openmetadata: {
    setting: null,
    kinds: ['openmetadata'],
    load: async () => (await import('./openmetadata.ts')).openmetadata,
  },
  datahub: {
    setting: null,
    kinds: ['datahub'],
    load: async () => (await import('./datahub.ts')).datahub,
  },
  airflow: {
    setting: 'AIRFLOW_URL',
    kinds: ['airflow'],
    load: async () => (await import('./airflow.ts')).airflow,
  },
  dbt: {
    setting: 'DBT_ARTIFACTS',
    kinds: ['dbt', 'dbt_cloud'],
    load: async () => (await import('./dbt.ts')).dbt,
  },
  airbyte: {
    setting: null,
    kinds: ['airbyte'],
    load: async () => (await import('./airbyte.ts')).airbyte,
  },
  postgres: {
    setting: 'WAREHOUSE_URL',
    kinds: ['postgres'],
    load: async () => (await import('./postgres.ts')).postgres,
  },
  snowflake: {
    setting: 'SNOWFLAKE_ACCOUNT',
    kinds: ['snowflake'],
    load: async () => (await import('./snowflake.ts')).snowflake,
  },
  change: {
    setting: null,
    kinds: ['git', 'github', 'gitlab'],
    load: async () => (await import('./change.ts')).change,
  },
  metrics: {
    setting: 'PROMETHEUS_URL',
    kinds: ['prometheus'],
    load: async () => (await import('./metrics.ts')).metrics,
  },
}

function loadThose(accepts: (name: string, entry: Entry) => boolean): Promise<Connector[]> {
  const those = Object.entries(registry).filter(([name, entry]) => accepts(name, entry))
  return Promise.all(those.map(([, { load }]) => load()))
}

export function allConnectors(): Promise<Connector[]> {
  return loadThose(() => true)
}

/** Those of which settings may describe an instance. */
export function connectorsIn(settings: Readonly<Record<string, string | undefined>>): Promise<Connector[]> {
  return loadThose((_, { setting }) => setting !== null && Boolean(settings[setting]))
}

/** Those whose instances are of these kinds; all of them when one is of no kind that is known. */
export function connectorsOf(kinds: readonly string[]): Promise<Connector[]> {
  const isOf = (kind: string) => (name: string, entry: Entry) => name === kind || entry.kinds.includes(kind)
  const isKnown = (kind: string) => Object.entries(registry).some(([name, entry]) => isOf(kind)(name, entry))
  return loadThose((name, entry) => kinds.some((kind) => !isKnown(kind) || isOf(kind)(name, entry)))
}

/** The kinds of system that can tell what failed. */
export const failureFeeds: Readonly<Record<string, () => Promise<FailureFeed>>> = {
  airbyte: async () => (await import('./airbyte/failures.ts')).airbyteFailures,
  airflow: async () => (await import('./airflow/failures.ts')).airflowFailures,
  dbt_cloud: async () => (await import('./dbt/failures.ts')).dbtCloudFailures,
  dbt: async () => (await import('./dbt/failures.ts')).dbtFailures,
}

/** What a catalogue can be drafted from, the one that knows the business best first. */
export async function allSurveys(): Promise<Survey[]> {
  const [{ dbtSurvey }, { airflowSurvey }, { postgresSurvey }, { snowflakeSurvey }] = await Promise.all([
    import('./dbt/survey.ts'),
    import('./airflow/survey.ts'),
    import('./postgres.ts'),
    import('./snowflake.ts'),
  ])
  return [dbtSurvey, airflowSurvey, postgresSurvey, snowflakeSurvey]
}
