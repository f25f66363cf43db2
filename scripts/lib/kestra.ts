import kestra from '@kestra-io/libs'
import { z } from 'zod'
import { type Declared, isSettingName, readSettings, type SettingName, settings } from './config.ts'
import { AppError, toAppError } from './errors.ts'
import { parseJson } from './json.ts'
import { redact } from './redact.ts'
import { secretValues } from './secret-values.ts'
import { isTenantSetting } from './tenant.ts'

// zod compiles a parser for every schema it parses with; a task ends before that pays, 5 to 10 ms too late.
z.config({ jitless: true })

/**
 * The generation of flows that these tasks serve. Flows name theirs; a task refuses others, so that flows and code of
 * different releases never half-understand each other.
 */
export const servedFlows: readonly string[] = ['1']

/** Where a task runs. The tenant is the flow's namespace and never comes from a payload. */
export interface Execution {
  tenant: string
  id: string
  /** Equal for every run of the same execution, however often it is replayed or taken up again. */
  originalId: string
}

export interface TaskContext<N extends SettingName> {
  execution: Execution
  settings: Declared<N>
  /** A value the flow hands over as `DIM_<NAME>`, or what stands for it. @throws AppError E_SETTING_MISSING when neither is there */
  input(name: string, otherwise?: string): string
  log(level: 'info' | 'warn' | 'error', text: string): void
  count(name: string, value: number): void
}

const FlowContext = z.object({
  tenant: z.string().min(1),
  execution: z.string().min(1),
  original: z.string().nullish(),
  flows: z.string(),
})

/** What a flow branches on: few and small. */
export type Outputs = Record<string, string | number | boolean>

/**
 * Runs one task: reads what it declares, forgets every other secret in the environment, emits its outputs, and turns
 * any fault into one line and exit code 1. Never calls process.exit: that would cut off outputs still being written.
 */
export async function runTask<N extends SettingName>(
  task: { settings: readonly N[]; run: (context: TaskContext<N>) => Promise<Outputs> },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const secrets = secretValues(Object.fromEntries(Object.entries(environment).filter(([name]) => isSecret(name))))
  const log: TaskContext<N>['log'] = (level, text) => {
    kestra.logger()[level](redact(text, secrets))
  }
  try {
    const execution = readExecution(environment)
    const inputs = new Map(Object.entries(environment).filter(([name]) => name.startsWith('DIM_')))
    const own = readSettings(task.settings, environment)
    forgetSecrets(environment)
    const outputs = await task.run({
      execution,
      settings: own,
      input(name, otherwise) {
        const value = inputs.get(`DIM_${name}`)?.trim() || otherwise
        if (value !== undefined) return value
        throw new AppError('E_SETTING_MISSING', `The flow handed over no ${name}.`, 'Deploy the flows of this release.')
      },
      log,
      count: (name, value) => kestra.counter(name, value),
    })
    kestra.outputs(outputs)
  } catch (thrown) {
    const error = toAppError(thrown)
    log('error', `${error.code}: ${error.message} — ${error.hint}`)
    if (error.code === 'E_UNEXPECTED' && error.cause instanceof Error) log('error', error.cause.stack ?? '')
    process.exitCode = 1
  }
}

function isSecret(name: string): boolean {
  return isSettingName(name) && settings[name].kind !== 'setting'
}

function readExecution(environment: NodeJS.ProcessEnv): Execution {
  const context = FlowContext.safeParse(parseJson(environment.DIM_CONTEXT ?? 'null'))
  if (!context.success) {
    throw new AppError(
      'E_SETTING_MISSING',
      'The flow handed over no context.',
      'Tasks are started by the flows: deploy the flows of this release with npm run deploy.',
    )
  }
  const { tenant, execution, original, flows } = context.data
  if (!servedFlows.includes(flows)) {
    throw new AppError(
      'E_RELEASE_MISMATCH',
      `The flow is of generation ${flows}; these tasks serve ${servedFlows.join(', ')}.`,
      'Deploy the flows that belong to these tasks: npm run deploy',
    )
  }
  return { tenant, id: execution, originalId: original || execution }
}

/** Kestra's process runner hands every task the server's whole environment; what a task did not ask for goes. */
function forgetSecrets(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(environment)) {
    const isServers = /^(SECRET_|KESTRA_|DATASOURCES_|MICRONAUT_|ENV_)/.test(name)
    if (isServers || isSecret(name) || isTenantSetting(name)) delete environment[name]
  }
}
