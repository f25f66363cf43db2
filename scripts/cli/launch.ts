import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runningStack, type Stack, type StackOptions, startStack } from '../../engine/stack.ts'
import { type Declared, isSettingName, readSettings, type SettingName, type Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { isTenantSetting, namespaceOf, settingsOfTenant } from '../lib/tenant.ts'
import { type Progress, showProgress } from './progress.ts'

const home = join(import.meta.dirname, '..', '..')

/** Where the own settings of tenants stand, `ACME__SLACK_WEBHOOK_URL=…`; compose hands the same file to Kestra. */
export const tenantsFile = join(home, 'tenants.env')

/** The settings of .env, of tenants.env and of the environment; the environment wins. */
export function ownSettings(): Settings {
  for (const file of [join(home, '.env'), tenantsFile]) {
    try {
      process.loadEnvFile(file)
    } catch {
      // Without the file the environment itself holds the settings.
    }
  }
  const isKnown = (name: string) => isSettingName(name) || isTenantSetting(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name, value]) => isKnown(name) && value))
}

/**
 * The settings of a product that runs, as one tenant's tasks see them.
 * @param tenant what `--tenant` said.
 * @throws AppError E_SETTING_MISSING, E_SETTING_INVALID
 */
export async function tenantSettings<N extends SettingName>(
  tenant: string | boolean | undefined,
  names: readonly N[],
): Promise<{ tenant: string; settings: Declared<N> }> {
  const namespace = namespaceOf(typeof tenant === 'string' ? tenant : undefined)
  return { tenant: namespace, settings: readSettings(names, settingsOfTenant(await allSettings(), namespace)) }
}

/**
 * The settings of a product that runs: those that are set, else those of what runs on this machine.
 * @throws AppError E_SETTING_MISSING
 */
export async function runningSettings<N extends SettingName>(names: readonly N[]): Promise<Declared<N>> {
  return readSettings(names, await allSettings())
}

/** All that is set, for every tenant: by the user, else by what runs on this machine, `npm start` before a demo that was kept. */
export async function allSettings(): Promise<Settings> {
  const own = ownSettings()
  const [started, demo] = await Promise.all(['start', 'demo'].map(runningStack))
  return { DIM_CONFIG_DIR: join(home, 'config'), ...demo, ...started, ...own }
}

/** The engine that is wanted: `KESTRA_VERSION`, else the long-term release. */
export function wantedKestra(): string {
  return process.env.KESTRA_VERSION || '1.3.31'
}

type OptionTypes = Record<string, { type: 'boolean' | 'string' }>
type Values = Readonly<Record<string, string | boolean | undefined>>

/** Runs a command: `--help`, one line for a fault with what to do about it, exit codes 0, 1 and 2 (wrong usage). */
export function runCommand(help: string, options: OptionTypes, run: (values: Values) => Promise<void>): Promise<void> {
  return runParsed(help, options, [], (_words, values) => run(values))
}

/** The same for a command whose first word says what to do. */
export function runSubcommand(
  help: string,
  subcommands: readonly string[],
  options: OptionTypes,
  run: (subcommand: string, values: Values) => Promise<void>,
): Promise<void> {
  return runParsed(help, options, subcommands, ([subcommand = ''], values) => run(subcommand, values))
}

/** The same for a command whose one word names what it is about, such as an incident. */
export function runWithOperand(
  help: string,
  what: string,
  options: OptionTypes,
  run: (operand: string, values: Values) => Promise<void>,
): Promise<void> {
  return runParsed(help, options, { what, most: 1 }, ([operand = ''], values) => run(operand, values))
}

/** The same for a command with more than one such word: an incident and what is said of it. */
export function runWithOperands(
  help: string,
  what: string,
  most: number,
  options: OptionTypes,
  run: (operands: readonly string[], values: Values) => Promise<void>,
): Promise<void> {
  return runParsed(help, options, { what, most }, run)
}

/** The same for a command that is given files. */
export function runOnFiles(
  help: string,
  options: OptionTypes,
  run: (files: readonly string[], values: Values) => Promise<void>,
): Promise<void> {
  return runParsed(help, options, { what: 'at least one file', most: Number.POSITIVE_INFINITY }, run)
}

/** The words beside the options: one of these, or so many that name something. */
type Words = readonly string[] | { what: string; most: number }

async function runParsed(
  help: string,
  options: OptionTypes,
  words: Words,
  run: (words: readonly string[], values: Values) => Promise<void>,
): Promise<void> {
  const parsed = parse(options, words)
  if (typeof parsed === 'string') {
    process.stderr.write(`${parsed}\n\n${help}`)
    process.exitCode = 2
    return
  }
  if (parsed.values.help) {
    process.stdout.write(help)
    return
  }
  try {
    await run(parsed.words, parsed.values)
  } catch (thrown) {
    const error = toAppError(thrown)
    process.stderr.write(`\n${error.code}: ${error.message}\n${error.hint}\n`)
    if (error.code === 'E_UNEXPECTED' && error.cause instanceof Error) process.stderr.write(`${error.cause.stack}\n`)
    process.exitCode = 1
  }
}

/** The command line, or what is wrong with it. */
function parse(options: OptionTypes, wanted: Words): { words: readonly string[]; values: Values } | string {
  const most = 'what' in wanted ? wanted.most : Math.min(wanted.length, 1)
  try {
    const { values, positionals: words } = parseArgs({
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: most > 0,
    })
    const [first = ''] = words
    const isWrong = words.length > most || (most > 0 && ('what' in wanted ? first === '' : !wanted.includes(first)))
    if (isWrong && !values.help) return 'what' in wanted ? `Name ${wanted.what}.` : `Say which: ${wanted.join(', ')}.`
    return {
      words,
      values: Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) => (Array.isArray(value) ? [] : [[name, value]])),
      ),
    }
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

/**
 * Starts the stack with progress. Ctrl-C stops all that was started: while something runs it ends the command, while
 * `untilStopped` waits it ends the waiting.
 */
export async function launch(
  options: Omit<StackOptions, 'onProgress' | 'kestraVersion'>,
): Promise<{ stack: Stack; progress: Progress; untilStopped(): Promise<void> }> {
  const progress = showProgress()
  const stack = await startStack({ ...options, kestraVersion: wantedKestra(), onProgress: progress.step })
  progress.pause()
  let isWaiting = false
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, async () => {
        process.stderr.write('\nStopping …\n')
        await stack.stop()
        if (!isWaiting) process.exit(130)
        resolve()
      })
    }
  })
  return {
    stack,
    progress,
    untilStopped() {
      isWaiting = true
      return stopped
    },
  }
}
