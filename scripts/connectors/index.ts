import { airflow } from './airflow.ts'
import { catalog } from './catalog.ts'
import type { Connector } from './connector.ts'

/** Every kind of system that can be asked. */
export const connectors: readonly Connector[] = [catalog, airflow]
