/** One try of a task in a run, as the stand-in keeps it. A run's tasks stand in the order in which they run. */
export interface StandInTask {
  task_id: string
  map_index: number
  state: string | null
  try_number: number
  max_tries: number
  start_date: Date | null
  end_date: Date | null
  note: string | null
  log: string[]
  /** A log that is too long to be held: its lines of JSON, as they are read. */
  longLog?: () => AsyncIterable<Uint8Array>
  operator: string
  /** What its templated fields became; nothing before it has begun. */
  rendered_fields: Record<string, unknown>
  /** What it left behind for others, by key. */
  xcoms: Record<string, unknown>
}

export interface StandInRun {
  dag_run_id: string
  state: 'queued' | 'running' | 'success' | 'failed'
  start_date: Date | null
  end_date: Date | null
  run_after: Date
  note: string | null
  conf: Record<string, unknown>
  /** What started it, where that is not what its id says. */
  triggered_by?: 'operator'
  tasks: StandInTask[]
  /** What was cleared or triggered and has not ended yet. */
  pending?: { tasks: StandInTask[]; looksLeft: number; notBefore: number }
}

/** What becomes of what is started again: how it ends, after how many looks at its run, and not before how long. */
export interface Recovery {
  ends: 'success' | 'failed'
  looks: number
  ms: number
}

export interface StandInDag {
  dag_id: string
  is_paused: boolean
  runs: StandInRun[]
  recovery: Recovery
}

const hour = 3_600_000
const minute = 60_000

/** A task as it is before it runs; `with` says what else is so. */
export function task(task_id: string, given: Partial<StandInTask> = {}): StandInTask {
  return {
    task_id,
    map_index: -1,
    state: null,
    try_number: 0,
    max_tries: 0,
    start_date: null,
    end_date: null,
    note: null,
    log: [],
    operator: 'PythonOperator',
    rendered_fields: {},
    xcoms: {},
    ...given,
  }
}

/** A task that ran from `start` for some minutes and ended in `state`. */
export function ended(task_id: string, state: 'success' | 'failed', start: Date, minutes: number): StandInTask {
  const end_date = new Date(start.getTime() + minutes * minute)
  return task(task_id, { state, try_number: 1, start_date: start, end_date, log: [`${task_id} ended: ${state}`] })
}

/** A task that waits for another DAG. */
export function sensor(task_id: string, external_dag_id: string, given: Partial<StandInTask> = {}): StandInTask {
  const fields = { external_dag_id, external_task_id: null, external_task_ids: null, external_task_group_id: null }
  return task(task_id, { try_number: 1, operator: 'ExternalTaskSensor', rendered_fields: fields, ...given })
}

/** A task that started a run of another DAG, and waits for its end or does not. */
export function trigger(
  task_id: string,
  started: { dag: string; run: string; waits: boolean },
  given: Partial<StandInTask> = {},
): StandInTask {
  const fields = {
    trigger_dag_id: started.dag,
    trigger_run_id: null,
    logical_date: 'NOTSET',
    conf: null,
    wait_for_completion: started.waits,
    skip_when_already_exists: false,
  }
  return task(task_id, {
    try_number: 1,
    operator: 'TriggerDagRunOperator',
    rendered_fields: fields,
    xcoms: { trigger_run_id: started.run },
    ...given,
  })
}

/** A run whose span and state follow from its tasks. */
export function run(
  dag_run_id: string,
  start: Date,
  tasks: StandInTask[],
  given: Partial<StandInRun> = {},
): StandInRun {
  const isOver = tasks.every((one) => one.end_date !== null)
  const last = Math.max(start.getTime(), ...tasks.map((one) => one.end_date?.getTime() ?? 0))
  const outcome = tasks.some((one) => one.state === 'failed') ? 'failed' : 'success'
  return {
    dag_run_id,
    state: isOver ? outcome : 'running',
    start_date: start,
    end_date: isOver ? new Date(last) : null,
    run_after: start,
    note: null,
    conf: {},
    tasks,
    ...given,
  }
}

/**
 * The DAG of the dag_timeout scenario: every day it took an hour and a half; today's run began six hours ago and its
 * task `load_warehouse` is stuck. Cleared, it ends well.
 */
export function dailyEltPipeline(given: { now?: Date; recovery?: Partial<Recovery> } = {}): StandInDag {
  const now = given.now ?? new Date()
  const startOf = (daysAgo: number) => new Date(now.getTime() - 6 * hour - daysAgo * 24 * hour)
  const at = (start: Date, minutes: number) => new Date(start.getTime() + minutes * minute)
  const idOf = (start: Date) => `scheduled__${start.toISOString().replace('Z', '000+00:00')}`
  const extracted = (start: Date) => [
    ended('extract_orders', 'success', start, 18),
    ended('transform_orders', 'success', at(start, 18), 25),
  ]
  const earlier = [1, 2, 3, 4, 5, 6, 7].map((daysAgo) => {
    const start = startOf(daysAgo)
    const load = 32 + (daysAgo % 3)
    const rest = [
      ended('load_warehouse', 'success', at(start, 43), load),
      ended('publish_marts', 'success', at(start, 78), 14),
    ]
    return run(idOf(start), start, [...extracted(start), ...rest])
  })
  const today = startOf(0)
  const stuck = task('load_warehouse', {
    state: 'running',
    try_number: 1,
    max_tries: 1,
    start_date: at(today, 43),
    log: [
      'COPY INTO prod.analytics.orders: batch 41 of 64 done',
      'The session with the warehouse was interrupted for 4 s and resumed',
      'Waiting for the answer to batch 42',
    ],
  })
  return {
    dag_id: 'daily_elt_pipeline',
    is_paused: false,
    runs: [run(idOf(today), today, [...extracted(today), stuck, task('publish_marts')]), ...earlier],
    recovery: { ends: 'success', looks: 2, ms: 0, ...given.recovery },
  }
}

/** The instances that a clear is about: the named ones, what comes after them when asked for, in the states asked for. */
export function selectTasks(
  { tasks }: StandInRun,
  wanted: {
    task_ids?: readonly (string | readonly [string, number])[] | null | undefined
    include_downstream: boolean
    only_failed: boolean
    only_running: boolean
  },
): StandInTask[] {
  const isNamed = (one: StandInTask) =>
    wanted.task_ids == null ||
    wanted.task_ids.some((id) =>
      typeof id === 'string' ? id === one.task_id : id[0] === one.task_id && id[1] === one.map_index,
    )
  const names = [...new Set(tasks.map((one) => one.task_id))]
  const first = names.indexOf(tasks.find(isNamed)?.task_id ?? '')
  return tasks.filter((one) => {
    const isBelow = wanted.include_downstream && first >= 0 && names.indexOf(one.task_id) > first
    if (!isNamed(one) && !isBelow) return false
    if (wanted.only_running) return one.state === 'running'
    return !wanted.only_failed || one.state === 'failed' || one.state === 'upstream_failed'
  })
}

/** Starts instances again, as Airflow does: a running one is restarted, the run goes back to the queue if it had ended. */
export function startAgain(dag: StandInDag, found: StandInRun, tasks: StandInTask[], note: string | null): void {
  for (const one of tasks) {
    one.max_tries = one.try_number
    one.state = one.state === 'running' ? 'restarting' : null
    one.note = note ?? one.note
  }
  if (found.state !== 'running') Object.assign(found, { state: 'queued', end_date: null })
  found.pending = { tasks, looksLeft: dag.recovery.looks, notBefore: Date.now() + dag.recovery.ms }
}

/** Lets time pass for a run: called with each look at it. A paused DAG never moves. */
export function look(dag: StandInDag, found: StandInRun): void {
  const { pending } = found
  if (!pending || dag.is_paused) return
  pending.looksLeft -= 1
  found.state = 'running'
  found.start_date ??= new Date()
  if (pending.looksLeft > 0 || Date.now() < pending.notBefore) return
  delete found.pending
  const { ends } = dag.recovery
  for (const one of found.tasks) {
    const isAgain = pending.tasks.includes(one)
    if (!isAgain && one.state !== null) continue
    const hasTurn = ends === 'success' || isAgain
    Object.assign(one, {
      state: hasTurn ? ends : 'upstream_failed',
      try_number: hasTurn ? one.try_number + 1 : one.try_number,
      start_date: new Date(),
      end_date: new Date(),
    })
  }
  found.state = found.tasks.some((one) => one.state === 'failed') ? 'failed' : 'success'
  found.end_date = new Date()
}
