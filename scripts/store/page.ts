import { z } from 'zod'
import type { Query } from './connection.ts'
import { type Statement, sql } from './sql.ts'

export interface Page<T> {
  items: T[]
  total: number
  /** From 1; the last one when a later one was asked for. */
  page: number
  pages: number
}

/** Where a page of the rows that a condition chooses (incidents, unless told otherwise) begins, and how many there are. */
export async function placeOfPage(
  query: Query,
  where: Statement,
  { page, size, from = sql`incidents` }: { page: number; size: number; from?: Statement },
) {
  const counted = await query.first(
    z.object({ total: z.number() }),
    sql`select count(*)::int as total from ${from} where ${where}`,
  )
  const total = counted?.total ?? 0
  const pages = Math.max(1, Math.ceil(total / size))
  const shown = Math.min(Math.max(1, page), pages)
  return { total, pages, page: shown, offset: (shown - 1) * size }
}
