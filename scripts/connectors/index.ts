import { airflowFailures } from './airflow/failures.ts'
import { airflow } from './airflow.ts'
import { catalog } from './catalog.ts'
import { change } from './change.ts'
import type { Connector, FailureFeed } from './connector.ts'
import { dbt } from './dbt.ts'
import { metrics } from './metrics.ts'
import { postgres } from './postgres.ts'

/** Every kind of system that can be asked. */
export const connectors: readonly Connector[] = [catalog, airflow, dbt, postgres, change, metrics]

/** Those of them that can tell what failed. */
export const failureFeeds: readonly FailureFeed[] = [airflowFailures]
