import type { Remediation } from '../domain/decision.ts'
import { plainText } from '../domain/text.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { plannedRow } from '../remediation/index.ts'
import { type DryRun, keepDryRun, loadApproval } from '../store/approvals.ts'
import type { Store } from '../store/connection.ts'

const patienceMs = 30_000
const longest = 4_000

/**
 * Asks the system what the fix that waits for approval would do, and keeps the answer for those who are to approve it:
 * they hold no credentials that change something. False, and nothing is asked, when none waits. Changes nothing there.
 */
export async function previewFix(store: Store, incident: string, settings: Settings): Promise<boolean> {
  const asked = await loadApproval(store, incident)
  if (asked?.state !== 'asked' || asked.over) return false
  return keepDryRun(store, asked, await dryRunOf(asked.remediation, settings))
}

async function dryRunOf(remediation: Remediation, settings: Settings): Promise<DryRun> {
  try {
    const said = await plannedRow(remediation).dryRun(remediation, settings, AbortSignal.timeout(patienceMs))
    return { dry_run: plainText(said, longest) }
  } catch (thrown) {
    const { message, hint } = toAppError(thrown)
    return { dry_run_fault: plainText(`${message} ${hint}`, longest) }
  }
}
