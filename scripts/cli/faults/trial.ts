import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Settings } from '../../lib/config.ts'
import { AppError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json.ts'
import { rootNamespace } from '../../lib/tenant.ts'
import { openStore, type Store } from '../../store/connection.ts'
import { type Outcome, outcomeOf } from '../../store/outcomes.ts'
import { sql } from '../../store/sql.ts'
import { analyzeIncident } from '../../workflow/analyze.ts'
import { gatherIncident } from '../../workflow/gather.ts'
import { ingest } from '../../workflow/ingest.ts'
import { routeIncident } from '../../workflow/route.ts'
import { type Ground, passTime } from './ground.ts'
import { runTaskOnce, startTask, type TaskProcess } from './task-process.ts'
import type { Counted, KillStep, Receiver, Way } from './ways.ts'

const home = join(import.meta.dirname, '..', '..', '..')
/** Longer than any lease and any wait between attempts. */
const leaseSeconds = 1_000
/** Turns of the clock in which everything must have come to rest. */
const mostTurns = 12
const guardMs = 30_000
/** A process that ended by itself before the signal was not killed: that is tried again so often. */
const mostTries = 15

/** What became of one incident whose process was killed. */
export interface Trial extends Counted {
  state: Outcome['state']
  atRest: boolean
  /** How often the process was gone before it could be killed. */
  missed: number
}

/** Kills the process of one incident at that step, lets the product go on, and counts at the receiver. */
export async function tryOnce(ground: Ground, way: Way, step: KillStep, name: string): Promise<Trial> {
  for (let missed = 0; missed < mostTries; missed += 1) {
    const trial = await attempt(ground, way, step, `${rootNamespace}.${name}-${missed}`)
    if (trial) return { ...trial, missed }
  }
  throw new AppError(
    'E_UNEXPECTED',
    `${way.name}: ${mostTries} processes ended before they could be killed ${step}.`,
    'Run it where less else is running.',
  )
}

async function attempt(
  ground: Ground,
  way: Way,
  step: KillStep,
  tenant: string,
): Promise<Omit<Trial, 'missed'> | null> {
  const receiver = await way.open()
  try {
    await using store = openStore(ground.databaseUrl, tenant)
    const settings = {
      ...receiver.settings,
      DATABASE_URL: ground.databaseUrl,
      DIM_CONFIG_DIR: await ground.configFor([way.destination]),
      ANALYZER: 'rules',
    }
    const execution = `faults-${tenant}`
    const incident = await decided(store, way, settings, execution)
    const isKilled = await killAt(step, store, receiver, () => startTask(way.task, tenant, incident, settings))
    if (!isKilled) return null
    const { state, at_rest } = await goOn(store, { way, tenant, incident, settings, execution })
    return { ...receiver.counted(incident), state, atRest: at_rest }
  } finally {
    await receiver.close()
  }
}

/** An incident whose message, or fix, waits to leave. */
async function decided(store: Store, way: Way, settings: Settings, execution: string): Promise<string> {
  const file = way.task === 'remediate' ? 'dag_timeout' : 'schema_drift'
  const body = Body.parse(parseJson(await readFile(join(home, 'test_scenarios', `${file}.json`), 'utf8')))
  const { incident } = await ingest(
    store,
    {
      executionId: execution,
      originalId: execution,
      body: JSON.stringify({ ...body, timestamp: new Date().toISOString() }),
      headers: '{"content-type":"application/json"}',
      receivedAt: new Date(),
    },
    [],
    settings,
  )
  if (incident !== null) {
    await gatherIncident(store, incident, execution, settings, new Date())
    await analyzeIncident(store, incident, execution, settings, new Date())
    const { next } = await routeIncident(store, incident, execution, settings, new Date())
    if (next === (way.task === 'remediate' ? 'fix' : 'notify')) return incident
  }
  throw new AppError('E_UNEXPECTED', `${file} led to nothing that leaves.`, 'Look at config and test_scenarios.')
}

const Body = z.looseObject({})

/** Starts the process and kills it when the step has come; false when it was faster. */
async function killAt(step: KillStep, store: Store, receiver: Receiver, start: () => TaskProcess): Promise<boolean> {
  if (step === 'after the record') {
    const process = start()
    await untilRecorded(store, process)
    return process.kill()
  }
  const held = receiver.hold(step === 'before the call' ? 'untouched' : 'done')
  const process = start()
  const first = await Promise.race([held.reached.then(() => 'held' as const), process.ended])
  if (first !== 'held') {
    throw new AppError('E_UNEXPECTED', `The task ended without its call: ${first.output.slice(0, 500)}`, 'See above.')
  }
  const isKilled = await process.kill()
  // A call that was held untouched never came: nobody waits for it any more.
  if (step === 'between call and record') held.release()
  return isKilled
}

/** Asks the store as fast as it answers: what follows the record takes a process a few milliseconds. */
async function untilRecorded(store: Store, process: TaskProcess): Promise<void> {
  let isOver = false
  void process.ended.then(() => {
    isOver = true
  })
  for (const end = Date.now() + guardMs; Date.now() < end && !isOver; ) {
    const sent = await store.transaction((query) =>
      query.first(z.object({}), sql`select from actions where state = 'sent' limit 1`),
    )
    if (sent) return
  }
}

/** What Kestra and the clock do about a task that died: run it again, and work what is due, until all is at rest. */
async function goOn(
  store: Store,
  one: { way: Way; tenant: string; incident: string; settings: Settings; execution: string },
): Promise<Outcome> {
  const { way, tenant, incident, settings, execution } = one
  const run = (task: string) => runTaskOnce(task, tenant, incident, settings)
  await run(way.task)
  for (let turn = 0; ; turn += 1) {
    const outcome = await outcomeOf(store, execution)
    if (outcome && (outcome.at_rest || turn === mostTurns)) return outcome
    if (turn === mostTurns) throw new AppError('E_UNEXPECTED', `${incident} is gone from the store.`, 'See its rows.')
    await passTime(store, leaseSeconds)
    const { output } = await run('tick')
    if (/"fix":"INC-/.test(output)) {
      await run('remediate')
      await run('verify')
    }
  }
}
