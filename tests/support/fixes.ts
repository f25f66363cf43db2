import type { Looking } from '../../scripts/remediation/remediation.ts'

/** For rows that ask their own system alone. */
export const unasked: Looking = {
  key: null,
  since: new Date(0),
  ask: () => Promise.reject(new Error('Nothing else is asked.')),
}
