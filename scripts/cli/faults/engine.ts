import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Stack } from '../../../engine/stack.ts'
import type { Settings } from '../../lib/config.ts'
import { AppError } from '../../lib/errors.ts'
import { requestJson } from '../../lib/http.ts'
import { parseJson } from '../../lib/json.ts'
import { rootNamespace } from '../../lib/tenant.ts'
import { openStore, type Store } from '../../store/connection.ts'
import { outcomeOf } from '../../store/outcomes.ts'
import { sql } from '../../store/sql.ts'
import { launch } from '../launch.ts'
import { passTime, writeConfiguration } from './ground.ts'
import { type FaultRow, judge } from './report.ts'
import { type KillStep, type Receiver, type Way, ways } from './ways.ts'

const home = join(import.meta.dirname, '..', '..', '..')
/** One Slack at a time: the bot, which promises more. */
const tried = ways.filter(({ name }) => name !== 'Slack webhook')
const lookEveryMs = 250
const patienceMs = 300_000
/** Longer than a killed process holds what it worked on. */
const leaseSeconds = 200

/** What of Kestra is killed: the engine with the worker in it, or a worker that is a process of its own. */
export const victims = ['engine', 'worker'] as const
export type Victim = (typeof victims)[number]

/**
 * Kills it once a step while a fix leaves and once while messages do; starts it again, and counts when all is at rest.
 * The Node process of the moment lives on, as it does in real life.
 */
export async function tryEngine(victim: Victim, steps: readonly KillStep[]): Promise<FaultRow[]> {
  const rows: FaultRow[] = []
  for (const step of steps) rows.push(...(await killAt(victim, step)))
  return rows
}

const stories = [
  ['remediate', 'dag_timeout'],
  ['notify', 'schema_drift'],
] as const

async function killAt(victim: Victim, step: KillStep): Promise<FaultRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-faults-engine-'))
  const receivers = new Map<Way, Receiver>()
  try {
    for (const way of tried) receivers.set(way, await way.open())
    const told = tried.filter(({ task }) => task === 'notify').map(({ destination }) => destination)
    const settings: Settings = Object.assign({}, ...[...receivers.values()].map((one) => one.settings), {
      DIM_CONFIG_DIR: await writeConfiguration(join(folder, 'config-'), told),
      ANALYZER: 'rules',
    })
    return await onEngine(victim, settings, receivers, step)
  } finally {
    for (const receiver of receivers.values()) await receiver.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function onEngine(
  victim: Victim,
  settings: Settings,
  receivers: Map<Way, Receiver>,
  step: KillStep,
): Promise<FaultRow[]> {
  const separateWorker = victim === 'worker'
  const { stack, progress } = await launch({ name: 'faults', settings, separateWorker, fresh: true })
  try {
    await using store = openStore(stack.settings.DATABASE_URL, rootNamespace)
    const rows: FaultRow[] = []
    for (const [task, file] of stories) {
      const receiver = [...receivers].find(([way]) => way.task === task)?.[1]
      if (!receiver) continue
      progress.step(`The ${victim}, killed ${step} of ${task}`)
      const execution = await fireAndKill({ victim, stack, store, receiver, step, task, file })
      progress.step(`The ${victim} is back; waiting until ${file} is at rest`)
      const { incident, atRest, state } = await untilAtRest(store, execution)
      for (const [way, seen] of receivers) {
        if (way.task === task) rows.push(judge(way, step, [{ ...seen.counted(incident), atRest, state, missed: 0 }]))
      }
    }
    return rows
  } finally {
    progress.pause()
    await stack.stop()
  }
}

/** Posts an alert, kills the engine or its worker when its fix or its first message has come to the step, and starts it again. */
async function fireAndKill(given: {
  victim: Victim
  stack: Stack
  store: Store
  receiver: Receiver
  step: KillStep
  task: Way['task']
  file: string
}): Promise<string> {
  const { victim, stack, store, receiver, step, task, file } = given
  const held = step === 'after the record' ? null : receiver.hold(step === 'before the call' ? 'untouched' : 'done')
  const body = z.looseObject({}).parse(parseJson(await readFile(join(home, 'test_scenarios', `${file}.json`), 'utf8')))
  const { id } = await requestJson(stack.webhookUrl, {
    method: 'POST',
    body: { ...body, timestamp: new Date().toISOString() },
    schema: z.looseObject({ id: z.string() }),
  })
  await (held ? within(held.reached, `${file} leaves`) : untilRecorded(store, id, task))
  await killAndRestart(stack, victim)
  // A call that was held untouched never came.
  if (step === 'between call and record') held?.release()
  await passTime(store, leaseSeconds)
  return id
}

async function killAndRestart(stack: Stack, victim: Victim): Promise<void> {
  if (victim === 'engine') {
    await stack.engine.kill()
    await stack.restartEngine()
  } else {
    await stack.worker?.kill()
    await stack.restartWorker()
  }
}

async function untilRecorded(store: Store, execution: string, task: Way['task']): Promise<void> {
  const isFix = task === 'remediate'
  await until('something was recorded as sent', async () => {
    const outcome = await outcomeOf(store, execution)
    if (!outcome) return null
    return store.transaction((query) =>
      query.first(
        z.object({}),
        sql`select from actions where incident = ${outcome.incident} and state = 'sent'
              and (kind = 'fix') = ${isFix}::boolean limit 1`,
      ),
    )
  })
}

async function untilAtRest(store: Store, execution: string) {
  return until('the incident is at rest', async () => {
    const outcome = await outcomeOf(store, execution)
    return outcome?.at_rest ? { incident: outcome.incident, state: outcome.state, atRest: true } : null
  })
}

/** Asks until there is an answer. @throws AppError when there is none in time: that is lost */
async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(lookEveryMs)) {
    const found = await look()
    if (found !== null) return found
  }
  throw inVain(what)
}

async function within(event: Promise<unknown>, what: string): Promise<void> {
  const timeout = new AbortController()
  const guard = delay(patienceMs, 'late' as const, { signal: timeout.signal }).catch(() => 'late' as const)
  const first = await Promise.race([event.then(() => 'there' as const), guard])
  timeout.abort()
  if (first === 'late') throw inVain(what)
}

function inVain(what: string): AppError {
  return new AppError('E_UNEXPECTED', `Waited ${patienceMs / 1000} s in vain until ${what}.`, 'See the engine’s log.')
}
