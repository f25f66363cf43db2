import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'

const timeouts = { connectionTimeoutMillis: 5_000, statement_timeout: 10_000, query_timeout: 12_000 }

/** Asks one statement with its values; each row parsed. */
export type Ask = <T>(row: z.ZodType<T>, text: string, values: readonly unknown[]) => Promise<T[]>

const Fault = z.looseObject({ code: z.string().default('') })

/**
 * One session with the warehouse, in which nothing is written but what a function does. Each statement is a transaction
 * of its own: inside one, PostgreSQL would show what sessions did when it began.
 * @throws AppError E_FIX_REFUSED when it refuses (rights, log-in), E_HTTP_NETWORK when it can't be reached; nothing
 * that the server said is quoted
 */
export async function withWarehouse<T>(url: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg')
  try {
    const client = new pg.Client({ connectionString: url, application_name: 'data-incident-manager', ...timeouts })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query('set default_transaction_read_only = on')
      await client.query('set search_path = pg_catalog')
      return await work(async (row, text, values) => {
        const { rows } = await client.query(text, [...values])
        return rows.map((found: unknown) => row.parse(found))
      })
    } finally {
      await client.end().catch(() => {})
    }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    const parsed = Fault.safeParse(thrown instanceof AggregateError ? thrown.errors[0] : thrown)
    const code = parsed.success ? parsed.data.code : ''
    if (/^(28|3D|42)/.test(code)) {
      throw new AppError('E_FIX_REFUSED', `The warehouse refused it (${code}).`, 'Grant the role pg_signal_backend.', {
        cause: thrown,
      })
    }
    throw new AppError('E_HTTP_NETWORK', `The warehouse did not answer (${code || 'timeout'}).`, 'It is tried again.', {
      cause: thrown,
    })
  }
}
