import type { Remediation } from '../domain/decision.ts'
import { environmentIn, objectionTo } from '../domain/permission.ts'
import { fixLimits } from '../domain/policy.ts'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { remediationRow } from '../remediation/index.ts'
import { isDeactivated } from '../store/accounts.ts'
import { loadApproval } from '../store/approvals.ts'
import type { Store } from '../store/connection.ts'
import { loadEvidence } from '../store/evidence.ts'
import { type Admission, admitFix } from '../store/fix-runs.ts'
import { loadIncident } from '../store/incidents.ts'
import type { ClaimedAction } from '../store/outbox.ts'
import { policyOf } from './policy.ts'

/**
 * Whether a fix may leave now. Asked again just before it does: since it was decided, or approved, a switch may have
 * been thrown, whoever approved may have gone, policy may have changed, a limit may be reached, or another incident's fix may be at the same thing.
 * @throws AppError E_CONFIG_INVALID: what policy says can't be known, so nothing is fixed
 */
export async function mayRun(
  store: Store,
  { key, incident: id, revision }: ClaimedAction,
  remediation: Remediation,
  settings: Settings,
): Promise<Admission> {
  const approval = await loadApproval(store, id)
  if (approval?.revision === revision && approval.who && (await isDeactivated(store, approval.who))) {
    return { answer: 'never', why: `${approval.who} approved it and has been deactivated since` }
  }
  const row = remediationRow(remediation.template)
  const { incident } = await loadIncident(store, id)
  const policy = await policyOf(incident.source, settings)
  const environment = environmentIn(await loadEvidence(store, id, revision))
  const { target, params } = remediation
  const names = [row.policyName(remediation), target, incident.asset?.name ?? [], params.asset?.name ?? []].flat()
  const [name = target, ...others] = names
  const why = objectionTo(remediation, [name, ...others], environment, policy, new Date())
  if (why) return { answer: 'never', why }
  return admitFix(store, { key, incident: id, remediation, limits: fixLimits(policy), ...row.touches(remediation) })
}

export function notAllowed(why: string): AppError {
  return new AppError('E_FIX_REFUSED', why, 'Nothing was changed. A person has to look at it.')
}
