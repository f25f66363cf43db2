import type { Remediation } from '../domain/decision.ts'
import type { DryRun } from '../domain/dry-run.ts'
import { plainText } from '../domain/text.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { redact } from '../lib/redact.ts'
import { secretValues } from '../lib/secret-values.ts'
import { plannedRow } from '../remediation/index.ts'
import { keepDryRun, loadApproval } from '../store/approvals.ts'
import type { Store } from '../store/connection.ts'

/** Shorter than the message that asks for approval is held back, so that it can say what came of this. */
const patienceMs = 15_000
const longest = 4_000

/**
 * Asks the system what the fix that waits for approval would do, and keeps the answer for those who are to approve it:
 * they hold no credentials that change something. The message that asks them quotes it. False, and nothing is asked,
 * when none waits. Changes nothing there.
 */
export async function previewFix(store: Store, incident: string, settings: Settings): Promise<boolean> {
  const asked = await loadApproval(store, incident)
  if (asked?.state !== 'asked' || asked.over) return false
  return keepDryRun(store, asked, await dryRunOf(asked.remediation, settings))
}

async function dryRunOf(remediation: Remediation, settings: Settings): Promise<DryRun> {
  const clean = (text: string) => plainText(redact(text, secretValues(settings)), longest)
  try {
    const said = await plannedRow(remediation).dryRun(remediation, settings, AbortSignal.timeout(patienceMs))
    return { dry_run: clean(said) }
  } catch (thrown) {
    const { message, hint } = toAppError(thrown)
    return { dry_run_fault: clean(`${message} ${hint}`) }
  }
}
