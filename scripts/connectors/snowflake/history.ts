import { z } from 'zod'
import type { TableName } from '../../domain/warehouse.ts'
import { AppError } from '../../lib/errors.ts'
import type { AskRows } from './session.ts'

/** A statement that changed something, as the account's history keeps it. */
const Statement = z.object({
  query_id: z.string(),
  query_type: z.string(),
  query_text: z.string().nullable(),
  user_name: z.string().nullable(),
  role_name: z.string().nullable(),
  execution_status: z.string().nullable(),
  error_code: z.union([z.string(), z.number()]).transform(String).nullable(),
  start_time: z.coerce.date(),
})
export type Statement = z.infer<typeof Statement>

/** How far back it is looked, and how late the account's own view may be. In hours. */
const reachHours = 48
const lagHours = 3
/** What the function of the information schema tells at most, the newest. */
const mostRecent = 10_000
const longestText = 2_000

/**
 * Of each type the latest few that name the table, or grant and revoke what it stands in. Grants on a schema or a
 * database do not name the table.
 */
const statementsOf = (from: string) => `
select query_id, query_type, left(query_text, ${longestText}) as query_text, user_name, role_name, execution_status,
  error_code, start_time
from ${from}
where start_time >= dateadd(hour, -${reachHours}, current_timestamp())
  and query_type not in ('SELECT', 'SHOW', 'DESCRIBE', 'DESCRIBE_QUERY', 'USE', 'EXPLAIN', 'SET', 'UNSET', 'BEGIN_TRANSACTION',
    'COMMIT', 'ROLLBACK', 'ALTER_SESSION', 'LIST_FILES', 'GET_FILES', 'PUT_FILES', 'REMOVE_FILES', 'UNLOAD', 'UNKNOWN')
  and (contains(lower(query_text), ?)
    or query_type in ('GRANT', 'REVOKE') and (contains(lower(query_text), ?) or contains(lower(query_text), ?)))
qualify row_number() over (partition by query_type, execution_status order by start_time desc) <= 4
order by start_time desc limit 60`

/** All of the account's, up to 3 hours late. https://docs.snowflake.com/en/sql-reference/account-usage/query_history */
const lateText = statementsOf('snowflake.account_usage.query_history')

const recent = `table(information_schema.query_history(
  end_time_range_start => dateadd(hour, -${lagHours}, current_timestamp()), result_limit => ${mostRecent}))`

/** At once, of the warehouses that the role monitors. https://docs.snowflake.com/en/sql-reference/functions/query_history */
const recentText = statementsOf(recent)

/** How much the function tells of the last hours. */
const coverText = `
select count(*) as statements, count(distinct user_name) as users from ${recent}`

const Cover = z.object({ statements: z.coerce.number(), users: z.coerce.number() })

/** Something that could not be seen, and what to do about it. */
export interface Gap {
  what: string
  fault: AppError
}

/** What was done to a table lately, newest first, and what of that could not be seen. */
export interface History {
  statements: Statement[]
  gaps: Gap[]
}

/** A table: where it really is when it is there, else as the alert says. */
export type HistoryQuestion = Pick<TableName, 'table' | 'schema' | 'database'>

/** Asks both views at once. The session is in a database, and its warehouse runs. */
export async function findHistory(ask: AskRows, question: HistoryQuestion): Promise<History> {
  const { table, schema, database } = question
  const words = [table, schema ?? table, database ?? table].map((one) => one.toLowerCase())
  const [late, now, cover] = await Promise.all([
    orFault(ask(Statement, lateText, words)),
    orFault(ask(Statement, recentText, words)),
    orFault(ask(Cover, coverText)),
  ])
  const all = [...(late.rows ?? []), ...(now.rows ?? [])].filter((one) => isAbout(one, question))
  const statements = [...new Map(all.map((one) => [one.query_id, one])).values()].toSorted(
    (a, b) => b.start_time.getTime() - a.start_time.getTime(),
  )
  const gaps: Gap[] = []
  if (late.fault)
    gaps.push({ what: 'what was done to it', fault: denied(late.fault, 'the account’s history', lateGrant) })
  const lag = now.fault ? denied(now.fault, 'the last hours', recentGrant) : hiddenBy(cover.rows?.[0])
  // What was found in the last hours shows that they can be seen.
  if (lag && !(now.rows ?? []).some((one) => statements.includes(one)))
    gaps.push({ what: 'the last hours', fault: lag })
  return { statements, gaps }
}

/** Which rights its role lacks to see the history, each with what to grant. */
export async function historyRights(ask: AskRows, role: string): Promise<string[]> {
  const [late, now] = await Promise.all([
    orFault(ask(z.unknown(), 'select 1 from snowflake.account_usage.query_history limit 1')),
    orFault(ask(Cover, coverText)),
  ])
  return [
    ...(late.fault ? [`history: ${lateGrant} ${role}`] : []),
    ...(now.fault || (now.rows?.[0]?.users ?? 0) < 2 ? [`statements of the last hours: ${recentGrant} ${role}`] : []),
  ]
}

const lateGrant = 'GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER TO ROLE'
const recentGrant = 'GRANT MONITOR ON WAREHOUSE (each that loads tables) TO ROLE'

function denied(fault: AppError, what: string, grant: string): AppError {
  if (fault.code !== 'E_ACCESS_DENIED') return fault
  return new AppError('E_ACCESS_DENIED', `Its role may not see ${what}.`, `Grant it: ${grant}`)
}

/** Why finding nothing in the last hours means nothing; null when all of them were seen. */
function hiddenBy(cover: z.infer<typeof Cover> | undefined): AppError | null {
  if (cover && cover.users > 1 && cover.statements < mostRecent) return null
  const isBusy = cover !== undefined && cover.statements >= mostRecent
  return new AppError(
    'E_ANSWER_LATE',
    isBusy
      ? `It ran more than ${mostRecent} statements in the last ${lagHours} hours; its full history comes up to ${lagHours} hours late, so nothing found is no proof that nothing was changed.`
      : `Its history comes up to ${lagHours} hours late, and of the last hours its role sees its own statements only: nothing found is no proof that nothing was changed.`,
    isBusy ? 'Look at the query history there.' : `Grant it: ${recentGrant}`,
  )
}

/** Whether the text names the table as a word of its own, and not one of the same name elsewhere. */
function isAbout({ query_type: type, query_text: text }: Statement, { table, schema, database }: HistoryQuestion) {
  const words = (text ?? '').toLowerCase()
  if (holds(words, table) && !isElsewhere(words, table, schema)) return true
  return /^(?:GRANT|REVOKE)/.test(type) && [schema, database].some((one) => one !== null && holds(words, one))
}

/** Whether a word stands in a text, in lower case, by itself. */
export function holds(text: string, word: string): boolean {
  return new RegExp(`(?<!${letter})${literal(word)}(?!${letter})`, 'u').test(text)
}

/** `other.orders`, where `orders` of another schema is meant. */
function isElsewhere(text: string, table: string, schema: string | null): boolean {
  if (schema === null) return false
  const named = [...text.matchAll(new RegExp(`(${letter}+)"?\\."?${literal(table)}(?!${letter})`, 'gu'))]
  return named.length > 0 && named.every((one) => one[1] !== schema.toLowerCase())
}

const letter = '[\\p{L}\\p{N}_$]'

function literal(word: string): string {
  return word.toLowerCase().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

async function orFault<T>(answer: Promise<T[]>): Promise<{ rows: T[] | null; fault: AppError | null }> {
  try {
    return { rows: await answer, fault: null }
  } catch (thrown) {
    if (thrown instanceof AppError && (thrown.code === 'E_ACCESS_DENIED' || thrown.code === 'E_HTTP_ANSWER')) {
      return { rows: null, fault: thrown }
    }
    throw thrown
  }
}
