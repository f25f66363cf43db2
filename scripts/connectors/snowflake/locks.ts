import { z } from 'zod'
import { tableName } from '../../domain/warehouse.ts'
import type { Lock } from '../warehouse/evidence.ts'
import type { AskRows } from './session.ts'
import type { Found } from './tables.ts'

/** https://docs.snowflake.com/en/sql-reference/sql/show-locks; `session` is there for ACCOUNTADMIN only. */
const Shown = z.object({
  resource: z.string(),
  type: z.string().nullish(),
  transaction: z.union([z.string(), z.number()]).transform(String),
  transaction_started_on: z.coerce.date(),
  status: z.string(),
  query_id: z.string().nullish(),
  session: z.union([z.string(), z.number()]).transform(String).nullish(),
})

/** https://docs.snowflake.com/en/sql-reference/sql/show-transactions */
const Transaction = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  user: z.string().nullish(),
})

export interface ShownLocks {
  locks: Lock[]
  /** Whether those of other users would be shown. */
  seesAll: boolean
}

/** Who holds a table, and how many wait for it. Takes no warehouse to tell. */
export async function findLocks(ask: AskRows, found: Found, now: Date): Promise<ShownLocks> {
  const [shown, transactions, [role]] = await Promise.all([
    ask(Shown, 'show locks in account'),
    ask(Transaction, 'show transactions in account'),
    ask(z.object({ role: z.string().nullable() }), 'select current_role() as role'),
  ])
  const users = new Map(transactions.map(({ id, user }) => [id, user ?? null]))
  const own = shown.filter(({ resource }) => isThis(resource, found))
  const waiting = own.filter(({ status }) => status === 'WAITING')
  const locks = own
    .filter(({ status }) => status === 'HOLDING')
    .map((one) => ({
      table: found.state.name,
      holder: users.get(one.transaction) ?? null,
      mode: one.type ?? 'PARTITIONS',
      heldSeconds: Math.max(0, (now.getTime() - one.transaction_started_on.getTime()) / 1000),
      statement: one.query_id ? `query ${one.query_id}` : 'not shown',
      lastStatement: null,
      waiting: new Set(waiting.map(({ transaction }) => transaction)).size,
      session: one.session ?? 'not shown',
      transaction: one.transaction,
      // A transaction's id is a number: whatever else stands there is not put into a statement.
      release: /^\d{1,20}$/.test(one.transaction) ? `SELECT SYSTEM$ABORT_TRANSACTION(${one.transaction})` : null,
    }))
    .filter((one) => one.waiting > 0 || one.heldSeconds >= briefly)
  const perTransaction = [...new Map(locks.map((one) => [one.transaction, one])).values()]
  return {
    locks: perTransaction.slice(0, 10),
    seesAll: role?.role === 'ACCOUNTADMIN' || shown.some(({ session }) => session != null),
  }
}

/** A statement that writes holds its table for as long as it runs. */
const briefly = 60

/** The resource is a table's full name, or that of a partition of it. */
function isThis(resource: string, { database, schema, table }: Found): boolean {
  const name = tableName(resource)
  return name?.database === database && name.schema === schema && name.table === table
}
