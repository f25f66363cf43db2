import type { Asset } from '../alert.ts'
import type { RemediationParams } from '../decision.ts'
import { type FlowFix, flowTarget } from '../flow-fix.ts'
import { matchesPattern } from '../pattern.ts'
import { categoryOfSign, type Finding } from './finding.ts'
import { observedTrouble, type Situation } from './situation.ts'

/** A flow that policy has for trouble which a connector saw. */
export interface OfferedFlow {
  flow: FlowFix
  /** What a fix by it is for: `reload_orders(shop.public.orders)`. */
  target: string
  finding: Finding
}

/** The flows that the team has for what connectors see, in the order of the policy. What only an alert claims offers none. */
export function offeredFlows(situation: Situation, flows: readonly FlowFix[]): OfferedFlow[] {
  const trouble = observedTrouble(situation)
  return flows.flatMap((flow) =>
    trouble.flatMap((finding) => {
      const asset = nameOf(finding, situation)
      const category = categoryOfSign(finding.sign)
      const isFor =
        asset !== null &&
        category !== null &&
        flow.mends.includes(category) &&
        flow.assets.some((pattern) => matchesPattern(pattern, asset))
      return isFor ? [{ flow, finding, target: flowTarget(flow.name, asset) }] : []
    }),
  )
}

/** Everything that a run of the flow needs, for the trouble that it is offered for. */
export function planFlow({ flow, finding }: OfferedFlow, situation: Situation): RemediationParams | null {
  const name = nameOf(finding, situation)
  const category = categoryOfSign(finding.sign)
  if (name === null || category === null) return null
  const environment = situation.alerts.find((alert) => alert.environment !== null)?.environment ?? null
  const began = situation.alerts.map(({ started_at, received_at }) => started_at ?? received_at).sort()[0] ?? ''
  const known = { asset: name, environment: environment ?? '', category, incident_began: began }
  const inputs = Object.entries(flow.inputs ?? {}).map(([input, value]): [string, string | number | boolean] => [
    input,
    typeof value === 'object' ? known[value.from] : value,
  ])
  return {
    flow: flow.flow,
    asset: assetOf(finding, name, situation),
    category,
    ...(environment ? { environment } : {}),
    inputs: Object.fromEntries(inputs),
  }
}

/** As its own system spells it. */
function nameOf({ target, evidence }: Finding, situation: Situation): string | null {
  if (target !== null) return target
  return situation.evidence.find(({ id }) => evidence.includes(id))?.asset ?? null
}

/** The incident's own asset, or the one above it that is to be mended. */
function assetOf({ relation, kind }: Finding, name: string, { alerts }: Situation): Asset {
  const own = alerts.find(({ asset }) => asset !== null)?.asset
  if (relation === 'subject' && own) return own
  const isPipeline = kind === 'dag_run' || kind === 'task_failure'
  return { kind: isPipeline ? 'dag' : 'table', name: name.toLowerCase(), native: { name } }
}
