import { loadSystems, type Purpose } from '../../connectors/gathering/systems.ts'
import type { Remediation } from '../../domain/decision.ts'
import { certainSystem, type System } from '../../domain/system.ts'
import { oneLine } from '../../domain/text.ts'
import type { Settings } from '../remediation.ts'
import { refusedBy } from './changing.ts'

/**
 * The instance that a plan names. `product`: what its kind is called in a sentence.
 * @throws AppError E_FIX_REFUSED when none is configured under that name
 */
export async function plannedSystem(
  { kind, product, purpose }: { kind: string; product: string; purpose: Purpose },
  { target, params }: Remediation,
  settings: Settings,
): Promise<System> {
  const system = certainSystem(await loadSystems(settings, { purpose }), kind, params.system ?? null)
  if (system) return system
  throw refusedBy(product)(`No ${product} is configured as ${oneLine(params.system ?? target, 64)}.`)
}

/** The number of the job or run that failed, as its system counts them. @throws AppError E_FIX_REFUSED for a plan without it */
export function plannedNumber(product: string, { target, params }: Remediation, name: 'job_id' | 'run_id'): number {
  const id = Number(params[name])
  if (Number.isInteger(id) && id > 0) return id
  throw refusedBy(product)(`The plan for ${target} names no ${name === 'job_id' ? 'job' : 'run'}.`)
}
