import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { failuresToPause, longestPauseMs, type Outcome, shortestPauseMs, type Turn, trialMs } from '../domain/asking.ts'
import { type Access, type Query, type Store, within } from './connection.ts'
import { json, sql, text } from './sql.ts'

/** A failure this long after the one before is the first of a row. */
const forgottenMs = 900_000
const lookAgainMs = 100
/** Old answers that a new one clears away. */
const mostCleared = 100

const Pause = z.object({ paused_until: z.date(), reason: z.string() })
const Kept = z.object({ answer: z.array(z.unknown()).nullable() })

/**
 * Whose turn it is to ask a system, of all processes of the tenant: `ask`, unless the system is paused, or the same
 * was answered just now. While another one is asking the same its answer is awaited, at most `waitMs`.
 */
export async function takeTurn(
  store: Store,
  system: string,
  key: string | null,
  { waitMs, leaseMs }: { waitMs: number; leaseMs: number },
): Promise<Turn> {
  const end = Date.now() + waitMs
  const token = randomUUID()
  for (;;) {
    const turn = await store.transaction((query) => tryTurn(query, system, key, token, leaseMs))
    if (turn) return turn
    if (Date.now() + lookAgainMs > end) return { turn: 'ask', token: null }
    await delay(lookAgainMs)
  }
}

/** Null while another one is asking the same. */
async function tryTurn(
  query: Query,
  system: string,
  key: string | null,
  token: string,
  leaseMs: number,
): Promise<Turn | null> {
  const answered =
    key === null
      ? null
      : await query.first(
          Kept,
          sql`select answer from system_answers
    where system = ${system} and key = ${key} and until > now()`,
        )
  if (answered?.answer) return { turn: 'answered', answer: answered.answer }
  if (answered) return null
  const pause = await pauseOf(query, system)
  if (pause) return { turn: 'paused', untilMs: pause.paused_until.getTime(), reason: pause.reason }
  if (key === null) return { turn: 'ask', token: null }
  const isFirst = await query.run(
    sql`insert into system_answers (tenant, system, key, token, until)
        values (current_setting('dim.tenant'), ${system}, ${key}, ${token}, now() + make_interval(secs => ${leaseMs / 1000}))
        on conflict (tenant, system, key) do update set token = excluded.token, answer = null, until = excluded.until
        where system_answers.until <= now()`,
  )
  return isFirst > 0 ? { turn: 'ask', token } : null
}

/** Why a system is left alone; null when it may be asked. Of those who find its pause over, one tries it alone. */
async function pauseOf(query: Query, system: string): Promise<z.infer<typeof Pause> | null> {
  const isTrial = await query.run(
    sql`update system_health set paused_until = now() + make_interval(secs => ${trialMs / 1000})
        where system = ${system} and paused_until <= now()`,
  )
  if (isTrial > 0) return null
  return query.first(
    Pause,
    sql`select paused_until, reason from system_health where system = ${system} and paused_until > now()`,
  )
}

/** What came of a turn to ask: an answer is kept for others, a failure brings the system nearer to a pause. */
export async function tellOutcome(
  access: Access,
  system: string,
  key: string | null,
  token: string | null,
  { answer, keepSeconds, fault, isWell }: Outcome,
): Promise<void> {
  await within(access, async (query) => {
    if (isWell) await query.run(sql`delete from system_health where system = ${system}`)
    if (fault) await countFailure(query, system, fault)
    if (key === null || token === null) return
    if (answer && keepSeconds > 0) {
      await query.run(
        sql`update system_answers set answer = ${json(answer)}::jsonb, until = now() + make_interval(secs => ${keepSeconds})
            where system = ${system} and key = ${key} and token = ${token}`,
      )
      await clearOld(query)
    } else {
      await query.run(sql`delete from system_answers where system = ${system} and key = ${key} and token = ${token}`)
    }
  })
}

async function countFailure(query: Query, system: string, fault: NonNullable<Outcome['fault']>): Promise<void> {
  const asked = Math.min(fault.retryAfterMs ?? 0, longestPauseMs) / 1000
  const shortest = shortestPauseMs / 1000
  const longest = longestPauseMs / 1000
  await query.run(
    sql`insert into system_health as health (tenant, system, failures, code, reason, paused_until)
        values (current_setting('dim.tenant'), ${system}, 1, ${fault.code}, ${text(fault.reason)},
          case when ${asked}::float > 0 then now() + make_interval(secs => ${asked}) end)
        on conflict (tenant, system) do update
        set failures = case when health.failed_at < now() - make_interval(secs => ${forgottenMs / 1000})
              then 1 else least(health.failures + 1, 100) end,
          code = excluded.code, reason = excluded.reason, failed_at = now(),
          paused_until = case
            when excluded.paused_until is not null then excluded.paused_until
            when health.failures + 1 >= ${failuresToPause}
              and health.failed_at >= now() - make_interval(secs => ${forgottenMs / 1000})
            then now() + make_interval(secs => least(${longest}::float,
              ${shortest}::float * power(2, least(health.failures + 1 - ${failuresToPause}, 10))))
          end`,
  )
}

/** Rows that another one is at are left to it. */
async function clearOld(query: Query): Promise<void> {
  await query.run(
    sql`delete from system_answers where (tenant, system, key) in (
          select tenant, system, key from system_answers where until < now() - interval '1 minute'
          limit ${mostCleared} for update skip locked
        )`,
  )
}
