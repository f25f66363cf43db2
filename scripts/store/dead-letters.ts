import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { type Page, placeOfPage } from './page.ts'
import { json, sql, text } from './sql.ts'

export const DeadLetter = z.object({
  execution_id: z.string(),
  /** The flow or task that gave up. */
  task: z.string(),
  original_id: z.string(),
  incident: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  payload: z.string().nullable(),
  /** Those that came with the body and were kept; null where an earlier release kept none. */
  headers: z.record(z.string(), z.string()).nullable(),
  created_at: z.date(),
  replayed_at: z.date().nullable(),
})
export type DeadLetter = z.infer<typeof DeadLetter>
const columns = sql`execution_id, task, original_id, incident, code, message, payload, headers, created_at, replayed_at`

/** Keeps what could not be worked, with its reason. The same execution and task again changes nothing. */
export async function addDeadLetter(
  access: Access,
  letter: {
    originalId: string
    executionId: string
    code: string
    message: string
    body: string | null
    /** Without any that could hold a secret. */
    headers?: Readonly<Record<string, string>>
    incident?: string | null
  } & ({ task: string } | { flow: string }),
): Promise<void> {
  const task = 'task' in letter ? letter.task : letter.flow
  await within(access, (query) =>
    query.run(
      sql`insert into dead_letters (tenant, execution_id, task, original_id, incident, code, message, payload, headers)
          values (current_setting('dim.tenant'), ${letter.executionId}, ${task}, ${letter.originalId},
            ${letter.incident ?? null}, ${letter.code}, ${text(letter.message)},
            ${letter.body === null ? null : text(letter.body)}, ${letter.headers ? json(letter.headers) : null})
          on conflict do nothing`,
    ),
  )
}

/** Dead letters, the oldest first: those that nobody replayed, or all. */
export function listDeadLetters(
  access: Access,
  { all = false, limit = 100 }: { all?: boolean; limit?: number } = {},
): Promise<DeadLetter[]> {
  return within(access, (query) =>
    query.rows(
      DeadLetter,
      sql`select ${columns} from dead_letters where ${all}::boolean or replayed_at is null order by created_at limit ${limit}`,
    ),
  )
}

const isOpen = sql`replayed_at is null`

/** A page of the dead letters, the oldest first: those that nobody replayed, or all. */
export function pageOfDeadLetters(
  access: Access,
  { all = false, page, size }: { all?: boolean; page: number; size: number },
): Promise<Page<DeadLetter>> {
  return within(access, async (query) => {
    const where = all ? sql`true` : isOpen
    const { offset, ...place } = await placeOfPage(query, where, { page, size, from: sql`dead_letters` })
    const items = await query.rows(
      DeadLetter,
      sql`select ${columns} from dead_letters where ${where}
          order by created_at, execution_id, task limit ${size} offset ${offset}`,
    )
    return { items, ...place }
  })
}

/** One dead letter that nobody has replayed; null when there is none. */
export function findDeadLetter(
  access: Access,
  letter: { executionId: string; task: string },
): Promise<DeadLetter | null> {
  return within(access, (query) =>
    query.first(
      DeadLetter,
      sql`select ${columns} from dead_letters
          where execution_id = ${letter.executionId} and task = ${letter.task} and ${isOpen}`,
    ),
  )
}

/** Notes that a dead letter was taken in again. False when it had been, or does not exist. */
export function markReplayed(access: Access, letter: { executionId: string; task: string }): Promise<boolean> {
  return within(access, async (query) => {
    const changed = await query.run(
      sql`update dead_letters set replayed_at = now()
          where execution_id = ${letter.executionId} and task = ${letter.task} and replayed_at is null`,
    )
    return changed === 1
  })
}
