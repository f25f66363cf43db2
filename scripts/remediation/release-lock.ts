import { z } from 'zod'
import type { Remediation } from '../domain/decision.ts'
import { spellDuration } from '../domain/duration.ts'
import { type EvidenceOf, ofKind } from '../domain/evidence.ts'
import { AppError } from '../lib/errors.ts'
import { type Ask, withWarehouse } from './postgres/session.ts'
import { planOf, type RemediationRow, type Settings } from './remediation.ts'

/** A session that does nothing, or waits for a lock itself, is let be for so long. */
const patienceSeconds = 300

/** Two looks at the start of a transaction may differ by so much: evidence is rounded to seconds. */
const toleranceSeconds = 5

const Session = z.object({
  pid: z.number(),
  role: z.string().nullable(),
  application: z.string(),
  state: z.string().nullable(),
  /** It waits for a lock of somebody else. */
  waits: z.boolean(),
  /** Seconds since it last did something, and since its transaction began. */
  still: z.coerce.number().nullable(),
  query: z.string(),
})
type Session = z.infer<typeof Session>

/** The session of a pid, when it is the planned one still: a number is used again, the start of a transaction is not. */
const sessions = `
  select pid, usename as role, application_name as application, state, query,
    coalesce(wait_event_type = 'Lock', false) as waits,
    extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change end) as still
  from pg_stat_activity
  where pid = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()
    and datname = current_database()
    and abs(extract(epoch from xact_start - $2::timestamptz)) <= $3`

/** How many sessions that do nothing hold a lock on the table which others wait for. */
const blockers = `
  select count(distinct l.pid)::int as count from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.granted and l.locktype = 'relation' and l.relation = to_regclass($1)
    and a.state like 'idle in transaction%' and a.datname = current_database()
    and exists (select from pg_locks w where not w.granted and l.pid = any(pg_blocking_pids(w.pid)))`

/** Statements of a migration, and tools that run them: such a session is never ended, however long it is silent. */
const migrates =
  /^\s*(?:\/\*.*?\*\/\s*)*(?:alter|create|drop|truncate|reindex|cluster|vacuum|refresh|grant|revoke|comment)\b/i
const migrators = /migrat|flyway|liquibase|alembic|\bdbt\b|sqitch|pg_dump|pg_restore|pg_repack/i

/** Ends the session whose abandoned transaction holds a lock that others wait for. Of PostgreSQL only. */
export const releaseLock = lockRow(patienceSeconds)

/** The row, with another patience than the shipped one. */
export function lockRow(patience: number): RemediationRow {
  return {
    template: 'release_lock',
    targetKind: 'table',
    settings: ['WAREHOUSE_WRITE_URL'],
    params: planOf('pid', 'since'),
    policyName: ({ target }) => target,
    touches: ({ target, params }) => ({ system: params.system ?? 'postgres', thing: `postgres/table/${target}` }),

    plan(target, evidence) {
      const found = ofKind(evidence, 'lock').filter((item) => item.source === 'postgres' && item.data.table === target)
      const idle = found.filter(({ data }) => data.statement === 'idle in transaction')
      // Which of several holds the others up is not certain, and what is not certain is not touched.
      const [one] = idle
      const pid = one ? pidOf(one) : null
      const since = one ? beginOf(one) : null
      if (!one || idle.length > 1 || pid === null || since === null) return null
      const system = typeof one.data.system === 'string' ? { system: one.data.system } : {}
      return { ...system, table: target, pid, since }
    },

    async dryRun(remediation, settings) {
      return withWarehouse(urlOf(settings), async (ask) => {
        const one = await endable(ask, remediation, patience)
        return `Session ${one.pid} of ${one.role ?? 'nobody'} (${one.application || 'no name'}) would be ended: ${doing(one)}. What it has not committed is rolled back.`
      })
    },

    async wasDone(remediation, _key, settings) {
      return withWarehouse(urlOf(settings), async (ask) => (await find(ask, remediation)) === null)
    },

    async execute(remediation, _key, settings) {
      return withWarehouse(urlOf(settings), async (ask) => {
        const { pid } = await endable(ask, remediation, patience)
        // Looked at again in the statement that ends it, so that a session that has just begun to work is not hit.
        const [ended] = await ask(
          z.object({ ended: z.boolean() }),
          `select pg_terminate_backend(s.pid) as ended from (${sessions}) as s
           where s.state like 'idle in transaction%' or s.waits`,
          idOf(remediation),
        )
        if (!ended?.ended) throw refused(`Session ${pid} began to work again a moment ago.`)
        return `ended session ${pid}, which held a lock on ${remediation.target}`
      })
    },

    async verify(remediation, settings) {
      return withWarehouse(settings.WAREHOUSE_URL ?? urlOf(settings), async (ask) => {
        const one = await find(ask, remediation)
        if (one) return { state: 'working', detail: `session ${one.pid} has not ended yet` }
        const [left] = await ask(z.object({ count: z.number() }), blockers, [regclassOf(remediation.target)])
        if (left && left.count > 0) {
          return { state: 'bad', detail: `another idle session holds ${remediation.target}, and others wait for it` }
        }
        return { state: 'well', detail: `session ${remediation.params.pid} is gone, and its locks with it` }
      })
    },
  }
}

/** The planned session, when it is there still. */
async function find(ask: Ask, remediation: Remediation): Promise<Session | null> {
  const [found] = await ask(Session, sessions, idOf(remediation))
  return found ?? null
}

/** The planned session, when it may be ended. @throws AppError E_FIX_REFUSED */
async function endable(ask: Ask, remediation: Remediation, patience: number): Promise<Session> {
  const one = await find(ask, remediation)
  if (!one) throw refused(`The session that held ${remediation.target} is gone.`)
  if (migrates.test(one.query) || migrators.test(one.application)) {
    throw refused(`Session ${one.pid} looks like a migration: a person decides about it.`)
  }
  const isStill = one.state?.startsWith('idle in transaction') === true || one.waits
  if (!isStill) throw refused(`Session ${one.pid} is at work (${one.state ?? 'unknown'}): it is not ended.`)
  if ((one.still ?? 0) < patience) {
    throw refused(
      `Session ${one.pid} is still for ${spellDuration(one.still ?? 0)} only, under ${spellDuration(patience)}.`,
    )
  }
  return one
}

function doing({ waits, still }: Session): string {
  return `${waits ? 'it waits for a lock itself' : 'it is idle in transaction'}, for ${spellDuration(still ?? 0)}`
}

/** @throws AppError E_FIX_REFUSED for a plan without a session */
function idOf({ target, params }: Remediation): [number, string, number] {
  if (params.pid === undefined || params.since === undefined) {
    throw refused(`The plan for ${target} names no session.`)
  }
  return [params.pid, params.since, toleranceSeconds]
}

/** Only with credentials of their own: the ones that read can't end anything, and should not be able to. */
function urlOf({ WAREHOUSE_WRITE_URL: url }: Settings): string {
  if (url) return url
  throw new AppError(
    'E_FIX_REFUSED',
    'The warehouse has no credentials for fixes.',
    'Set WAREHOUSE_WRITE_URL: a role with pg_signal_backend and pg_read_all_stats, and no rights on tables.',
  )
}

function pidOf({ data }: EvidenceOf<'lock'>): number | null {
  const parsed = z.coerce.number().int().positive().safeParse(data.session)
  return parsed.success ? parsed.data : null
}

/** When its transaction began, from how long it had been open when it was seen. */
function beginOf({ observed_at, data }: EvidenceOf<'lock'>): string | null {
  const seen = Date.parse(observed_at ?? '')
  return Number.isNaN(seen) || data.held_s == null ? null : new Date(seen - data.held_s * 1000).toISOString()
}

/** `schema.table`: the database in front of it is the one that is connected to. */
function regclassOf(target: string): string {
  return target
    .split('.')
    .slice(-2)
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}

function refused(message: string): AppError {
  return new AppError('E_FIX_REFUSED', message, 'A person has to look at it in the warehouse.')
}
