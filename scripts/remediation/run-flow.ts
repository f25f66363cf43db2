import { setTimeout as delay } from 'node:timers/promises'
import type { Remediation } from '../domain/decision.ts'
import { flowAssetIn, flowNameIn } from '../domain/flow-fix.ts'
import { oneLine } from '../domain/text.ts'
import { endedStates, type KestraApi, type KestraExecution, kestraApi } from '../lib/kestra-api.ts'
import { planOf, type RemediationRow } from './remediation.ts'
import { stillInTrouble } from './shared/asset-health.ts'
import { changing, refusedBy } from './shared/changing.ts'
import { markField, markOf } from './shared/mark.ts'

const refused = refusedBy('Kestra')
/** What was started longer ago than this is no attempt of the same fix. */
const attemptsMs = 24 * 3_600_000
const clocksMs = 3_600_000
/** Kestra answers a start before its search knows of it. */
const indexedMs = 1_500
const goodStates: ReadonlySet<string> = new Set(['SUCCESS', 'WARNING'])

/** Runs a Kestra flow of the team's own that `config/policy.yaml` names, with the inputs that it gives. */
export const runFlow: RemediationRow = {
  template: 'run_flow',
  targetKind: 'flow',
  settings: ['KESTRA_URL', 'KESTRA_USERNAME', 'KESTRA_PASSWORD'],
  params: planOf('flow', 'inputs', 'asset', 'category'),

  policyName: ({ target }) => flowNameIn(target),
  // Two flows for one asset would meet in it.
  touches: ({ target }) => ({ system: 'kestra', thing: `kestra/asset/${flowAssetIn(target).toLowerCase()}` }),

  /** Only policy knows which flow is for what: `planFlow` plans it. */
  plan: () => null,

  async dryRun(remediation, settings, signal) {
    const { flow, inputs } = flowOf(remediation)
    const { revision } = await runnable(kestraApi(settings, signal), remediation)
    const given = Object.entries(inputs).map(([name, value]) => `${name}=${oneLine(value, 200)}`)
    return `The flow ${flow} (revision ${revision ?? 'unknown'}) would run${given.length > 0 ? ` with ${given.join(', ')}` : ' without inputs'}.`
  },

  async wasDone(remediation, key, settings, signal) {
    const kestra = kestraApi(settings, signal)
    const since = new Date(Date.now() - attemptsMs)
    if (await ownExecution(kestra, remediation, key, since)) return true
    await delay(indexedMs)
    return (await ownExecution(kestra, remediation, key, since)) !== null
  },

  async execute(remediation, key, settings, signal) {
    const kestra = kestraApi(settings, signal)
    const { flow, namespace, id, inputs } = flowOf(remediation)
    await runnable(kestra, remediation)
    const begun = await changing('Kestra', kestra.start(namespace, id, inputs, { [markField]: markOf(key) }))
    return `started ${flow} as execution ${begun.id}`
  },

  async verify(remediation, settings, signal, { key, since, ask }) {
    const { flow } = flowOf(remediation)
    if (key !== null) {
      const execution = await ownExecution(kestraApi(settings, signal), remediation, key, since)
      if (!execution) return { state: 'bad', detail: `Kestra knows no execution of ${flow} by this fix` }
      const { id, state } = execution
      if (!endedStates.includes(state.current)) {
        return { state: 'working', detail: `execution ${id} of ${flow} is ${state.current}` }
      }
      if (!goodStates.has(state.current)) {
        return { state: 'bad', detail: `execution ${id} of ${flow} ended as ${state.current}` }
      }
    }
    return stillInTrouble(remediation, ask)
  },

  async undo(remediation, key, settings, signal) {
    const kestra = kestraApi(settings, signal)
    const execution = await ownExecution(kestra, remediation, key, new Date(Date.now() - attemptsMs))
    if (!execution || endedStates.includes(execution.state.current)) return 'nothing of it was left to take back'
    await kestra.kill(execution.id)
    return `execution ${execution.id} was stopped`
  },

  async wasDoneByHand(remediation, since, settings, signal) {
    const { namespace, id } = flowOf(remediation)
    const executions = await kestraApi(settings, signal).latest(namespace, id, since)
    return executions.some(({ state, labels }) => goodStates.has(state.current) && !labelled(labels))
  },
}

function labelled(labels: KestraExecution['labels']): boolean {
  return labels?.some(({ key }) => key === markField) ?? false
}

/** The execution that this fix began; null when there is none. */
async function ownExecution(
  kestra: KestraApi,
  remediation: Remediation,
  key: string,
  since: Date,
): Promise<KestraExecution | null> {
  const { namespace, id } = flowOf(remediation)
  // Two clocks may differ; the mark alone says whose it is.
  const from = new Date(since.getTime() - clocksMs)
  const found = await kestra.latest(namespace, id, from, { key: markField, value: markOf(key) })
  return found[0] ?? null
}

/** The flow, when it can be run as planned. @throws AppError E_FIX_REFUSED */
async function runnable(kestra: KestraApi, remediation: Remediation) {
  const { flow, namespace, id, inputs } = flowOf(remediation)
  const found = await kestra.flow(namespace, id)
  if (!found) throw refused(`Kestra knows no flow ${flow}.`)
  if (found.disabled) throw refused(`The flow ${flow} is disabled.`)
  const known = new Set((found.inputs ?? []).map((input) => input.id))
  const unknown = Object.keys(inputs).filter((name) => !known.has(name))
  if (unknown.length > 0) throw refused(`The flow ${flow} takes no input ${unknown.join(', ')}.`)
  return found
}

/** @throws AppError E_FIX_REFUSED for a plan without a flow */
function flowOf({ target, params: { flow, inputs = {} } }: Remediation) {
  const dot = flow?.lastIndexOf('.') ?? -1
  if (!flow || dot < 1) throw refused(`The plan for ${target} names no flow.`)
  return {
    flow,
    namespace: flow.slice(0, dot),
    id: flow.slice(dot + 1),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)])),
  }
}
