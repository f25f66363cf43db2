import { accountOperations } from './accounts.ts'
import { analyticsOperations } from './analytics.ts'
import { configurationOperations } from './configuration.ts'
import { incidentOperations } from './incidents.ts'
import type { Operation } from './operation.ts'
import { sourceOperations } from './sources.ts'

/** All that the API does. */
export const operations: readonly Operation[] = [
  ...incidentOperations,
  ...analyticsOperations,
  ...sourceOperations,
  ...configurationOperations,
  ...accountOperations,
]
