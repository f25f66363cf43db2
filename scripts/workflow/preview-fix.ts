import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { plannedRow } from '../remediation/index.ts'
import { loadApproval } from '../store/approvals.ts'
import type { Store } from '../store/connection.ts'

const patienceMs = 8000

/** What the fix that waits for approval would run, as the system itself says; null when none waits. Changes nothing. */
export async function previewFix(store: Store, incident: string, settings: Settings): Promise<string | null> {
  const asked = await loadApproval(store, incident)
  if (asked?.state !== 'asked') return null
  const { remediation } = asked
  try {
    return await plannedRow(remediation).dryRun(remediation, settings, AbortSignal.timeout(patienceMs))
  } catch (thrown) {
    const { message, hint } = toAppError(thrown)
    return `The dry run could not be made: ${message} ${hint}`
  }
}
