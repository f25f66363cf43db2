import type { Evidence } from './evidence.ts'

/** What a system says of now that shows trouble. What the alert claims, the catalogue and the past are no fresh look. */
const isTrouble: Partial<Record<Evidence['kind'], (data: Record<string, unknown>) => boolean>> = {
  dag_run: ({ state, duration_s, typical_duration_s }) =>
    state === 'failed' || (state === 'running' && isLong(duration_s, typical_duration_s)),
  task_failure: ({ state }) => state === 'failed' || state === 'up_for_retry' || state === 'running',
  dbt_test: ({ status }) => status === 'fail' || status === 'error',
  dbt_model: ({ status }) => status === 'fail' || status === 'error',
  sync_job: ({ status }) => status === 'failed' || status === 'incomplete',
  source_freshness: ({ status }) => status === 'error' || status === 'warn',
  lock: () => true,
}

const notFresh: ReadonlySet<Evidence['source']> = new Set(['alert', 'history', 'catalog', 'maintenance', 'change'])

/** Whether a connector's evidence shows that trouble is still there. */
export function isStillTrue(evidence: readonly Evidence[]): boolean {
  return evidence.some(({ source, kind, data }) => !notFresh.has(source) && isTrouble[kind]?.(data) === true)
}

function isLong(duration: unknown, typical: unknown): boolean {
  return typeof duration === 'number' && typeof typical === 'number' && typical > 0 && duration > typical * 1.4
}
