import { airbyteFailures } from './airbyte/failures.ts'
import { airbyte } from './airbyte.ts'
import { airflowFailures } from './airflow/failures.ts'
import { airflowSurvey } from './airflow/survey.ts'
import { airflow } from './airflow.ts'
import { catalog } from './catalog.ts'
import { change } from './change.ts'
import type { Connector, FailureFeed, Survey } from './connector.ts'
import { datahub } from './datahub.ts'
import { dbtCloudFailures, dbtFailures } from './dbt/failures.ts'
import { dbtSurvey } from './dbt/survey.ts'
import { dbt } from './dbt.ts'
import { metrics } from './metrics.ts'
import { openmetadata } from './openmetadata.ts'
import { postgres, postgresSurvey } from './postgres.ts'
import { snowflake, snowflakeSurvey } from './snowflake.ts'

/** Every kind of system that can be asked. */
export const connectors: readonly Connector[] = [
  catalog,
  openmetadata,
  datahub,
  airflow,
  dbt,
  airbyte,
  postgres,
  snowflake,
  change,
  metrics,
]

/** Those of them that can tell what failed. */
export const failureFeeds: readonly FailureFeed[] = [airbyteFailures, airflowFailures, dbtCloudFailures, dbtFailures]

/** Those of them from which a catalogue can be drafted, the one that knows the business best first. */
export const surveys: readonly Survey[] = [dbtSurvey, airflowSurvey, postgresSurvey, snowflakeSurvey]
