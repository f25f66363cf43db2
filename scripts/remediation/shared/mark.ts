import { createHash } from 'node:crypto'

/** The start of every mark, and so of every run that a fix began. */
export const markPrefix = 'dim_'

/** A key as every system takes it in an id or a label, and as no other key contains it. */
export function markOf(key: string): string {
  return `${markPrefix}${createHash('sha256').update(key).digest('hex').slice(0, 32)}`
}

/** Where the mark stands in a system that keeps it by a name: in a run's configuration, in an execution's labels. */
export const markField = 'data_incident_manager'
