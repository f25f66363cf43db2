import { spellDuration } from '../../domain/duration.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import type { DagRun, TaskInstance } from './answers.ts'
import { namedInLog } from './named-in-log.ts'

/** How long it took, or has been going on. */
export function secondsOf(one: DagRun | TaskInstance, now: Date): number {
  if (one.state !== 'running' && one.duration != null) return one.duration
  return one.start_date ? Math.max(0, (now.getTime() - Date.parse(one.start_date)) / 1000) : 0
}

/** What of a task's log is told. */
export interface ToldLog {
  /** What matters of its end; null where that was not read. */
  excerpt: string | null
  /** Why its end was not read. */
  problem?: string
  /** What matters of its start, where no more than that came. */
  start?: string
  /** What of it was not looked at, though its end was. */
  cut?: string
}

/** What a state reads like, with how long it lasted. States that say nothing of time stand as they are. */
function spellState(state: string | null, seconds: number | null): string {
  const time = seconds === null ? '' : spellDuration(seconds)
  if (state === 'running') return time ? `has been running for ${time}` : 'is running'
  if (state === 'success') return time ? `ended well after ${time}` : 'ended well'
  if (state === 'failed') return time ? `failed after ${time}` : 'failed'
  if (state === 'up_for_retry') return time ? `failed after ${time} and waits for its retry` : 'waits for its retry'
  return `is ${state ?? 'waiting'}`
}

function spellRetries(one: TaskInstance): string {
  const left = one.state === 'failed' ? null : retriesLeft(one)
  return left ? `, ${left} ${left === 1 ? 'retry' : 'retries'} left` : ''
}

function spellUsual(typical: number | null): string {
  return typical === null || typical < 1 ? '' : `; ${spellDuration(typical)} is usual`
}

export function runEvidence(run: DagRun, typical: number | null, isPaused: boolean, now: Date): EvidenceDraft {
  const seconds = run.start_date ? Math.round(secondsOf(run, now)) : null
  const state = `${spellState(run.state, seconds)}${spellUsual(typical)}${isPaused ? '; the DAG is paused' : ''}`
  return {
    source: 'airflow',
    kind: 'dag_run',
    asset: run.dag_id,
    observed_at: now.toISOString(),
    summary: `Run ${run.dag_run_id} of ${run.dag_id} ${state}.`,
    data: {
      dag_id: run.dag_id,
      run_id: run.dag_run_id,
      state: run.state,
      start: run.start_date ?? null,
      end: run.end_date ?? null,
      duration_s: seconds,
      typical_duration_s: typical === null ? null : Math.round(typical),
      is_paused: isPaused,
    },
  }
}

export function failureEvidence(one: TaskInstance, typical: number | null, log: ToldLog, now: Date): EvidenceDraft {
  const seconds = one.start_date ? Math.round(secondsOf(one, now)) : null
  const named = namedInLog(log.excerpt ?? '')
  const mapped = one.map_index < 0 ? '' : ` [${one.map_index}]`
  return {
    source: 'airflow',
    kind: 'task_failure',
    asset: `${one.dag_id}.${one.task_id}`,
    observed_at: now.toISOString(),
    summary: `Task ${one.task_id}${mapped} of ${one.dag_id} ${spellState(one.state, seconds)}, at try ${one.try_number}${spellRetries(one)}${spellUsual(typical)}${log.start === undefined ? '' : `; the end of its log is not known: ${log.problem}`}.`,
    data: {
      dag_id: one.dag_id,
      task_id: one.task_id,
      run_id: one.dag_run_id,
      map_index: one.map_index < 0 ? null : one.map_index,
      state: one.state ?? 'none',
      try_number: one.try_number,
      max_tries: one.max_tries ?? null,
      retries_left: retriesLeft(one),
      log_excerpt: log.excerpt,
      ...(log.problem === undefined ? {} : { log_problem: log.problem }),
      ...(log.start === undefined ? {} : { log_start: log.start }),
      ...(log.cut === undefined ? {} : { log_cut: log.cut }),
      ...(named.length > 0 ? { leads: named } : {}),
      start: one.start_date ?? null,
      duration_s: seconds,
      typical_duration_s: typical === null ? null : Math.round(typical),
    },
  }
}

/** Tries that Airflow will still make by itself; null where it does not say. A task that has failed gets none. */
function retriesLeft({ state, try_number: tries, max_tries: most }: TaskInstance): number | null {
  if (most == null) return null
  return state === 'failed' ? 0 : Math.max(0, most + 1 - Math.max(tries, 1))
}

export function historyEvidence(one: TaskInstance, history: readonly TaskInstance[], now: Date): EvidenceDraft {
  const recent = history.map(({ state }) => state ?? 'none')
  const failed = recent.filter((state) => state === 'failed').length
  return {
    source: 'airflow',
    kind: 'task_history',
    asset: `${one.dag_id}.${one.task_id}`,
    observed_at: now.toISOString(),
    summary: `Of its last ${recent.length} runs, ${one.task_id} failed in ${failed}.`,
    data: { dag_id: one.dag_id, task_id: one.task_id, recent },
  }
}
