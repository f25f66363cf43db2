import { calm, over } from './table/calm.ts'
import { data } from './table/data.ts'
import { doubt, silence } from './table/doubt.ts'
import { explainedAway } from './table/explained-away.ts'
import { locksAndSchemas } from './table/locks-and-schemas.ts'
import { pipelines } from './table/pipelines.ts'
import type { Row } from './table/row.ts'

/**
 * The decision table, read from the top; the first row that applies decides.
 * First what explains the alert away without any trouble of its own, then trouble that connectors read, from the most
 * telling to the least, then signs that all is well, at last the payload's word alone.
 */
export const rows: readonly Row[] = [
  ...explainedAway,
  ...locksAndSchemas,
  ...pipelines,
  ...data,
  ...over,
  ...silence,
  ...calm,
  ...doubt,
]
