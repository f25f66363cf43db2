import pg from 'pg'
import { z } from 'zod'

const Named = z.object({ name: z.string() })
const Column = z.object({
  name: z.string(),
  type: z.string(),
  needed: z.boolean(),
  given: z.boolean(),
})
type Column = z.infer<typeof Column>
const Check = z.object({ text: z.string() })
const Reference = z.object({ columns: z.array(z.string()), other: z.string(), others: z.array(z.string()) })

/** Every table of the store as the owner sees it, and rows in each of them, whatever a later release adds. */
export class WholeStore {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(ownerUrl: string): Promise<WholeStore> {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    return new WholeStore(client)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.end()
  }

  async query<T>(row: z.ZodType<T>, text: string, values: unknown[] = []): Promise<T[]> {
    return z.array(row).parse((await this.#client.query(text, values)).rows)
  }

  async tables(): Promise<string[]> {
    const found = await this.query(
      Named,
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm', 'v')
         and relname <> 'schema_migrations' order by 1`,
    )
    return found.map(({ name }) => name)
  }

  /** One column of a tenant's rows of a table. */
  async ids(tenant: string, table: string, column: string): Promise<string[]> {
    await this.#be(tenant)
    const found = await this.query(Named, `select "${column}"::text as name from "${table}" order by 1`)
    return found.map(({ name }) => name)
  }

  /** How many rows of a tenant each table holds. */
  async counts(tenant: string): Promise<Map<string, number>> {
    await this.#be(tenant)
    const counts = new Map<string, number>()
    for (const table of await this.tables()) {
      const [row] = await this.query(z.object({ count: z.number() }), `select count(*)::int as count from "${table}"`)
      counts.set(table, row?.count ?? 0)
    }
    return counts
  }

  /** A digest of each table's rows of a tenant: two are the same only when not one row is another. */
  async digests(tenant: string): Promise<Map<string, string | null>> {
    await this.#be(tenant)
    const digests = new Map<string, string | null>()
    for (const table of await this.tables()) {
      const text = `select md5(string_agg(t::text, ' ' order by t::text)) as digest from "${table}" as t`
      const [row] = await this.query(z.object({ digest: z.string().nullable() }), text)
      digests.set(table, row?.digest ?? null)
    }
    return digests
  }

  /** Puts a row into every table in which the tenant has none, with `mark` in each text. @throws where no row fits. */
  async fill(tenant: string, mark: string): Promise<void> {
    let empty = [...(await this.counts(tenant))].flatMap(([table, count]) => (count === 0 ? [table] : []))
    for (let pass = 0; pass < 4 && empty.length > 0; pass += 1) {
      const left: string[] = []
      for (const table of empty) {
        const isIn = (await this.#insert(table, tenant, mark, false)) || (await this.#insert(table, tenant, mark, true))
        if (!isIn) left.push(table)
      }
      empty = left
    }
    if (empty.length > 0) throw new Error(`No made-up row fits into: ${empty.join(', ')}. Let the test tell one.`)
  }

  async #be(tenant: string): Promise<void> {
    await this.#client.query("select set_config('dim.tenant', $1, false)", [tenant])
  }

  async #insert(table: string, tenant: string, mark: string, isWhole: boolean): Promise<boolean> {
    const columns = await this.#columns(table)
    const values = new Map<string, unknown>()
    for (const column of columns) {
      if (column.given || (!column.needed && !isWhole)) continue
      values.set(column.name, await this.#example(table, column, mark))
    }
    values.set('tenant', tenant)
    for (const reference of await this.#references(table)) {
      if (!reference.columns.every((column) => column === 'tenant' || values.has(column))) continue
      const chosen = reference.others.map((column) => `"${column}"`).join(', ')
      const [row] = await this.query(
        z.record(z.string(), z.unknown()),
        `select ${chosen} from "${reference.other}" limit 1`,
      )
      if (!row) return false
      for (const [index, column] of reference.columns.entries()) values.set(column, row[reference.others[index] ?? ''])
    }
    const names = [...values.keys()].map((name) => `"${name}"`).join(', ')
    const places = [...values.keys()].map((_, index) => `$${index + 1}`).join(', ')
    try {
      await this.#client.query(`insert into "${table}" (${names}) values (${places})`, [...values.values()])
      return true
    } catch {
      return false
    }
  }

  #columns(table: string): Promise<Column[]> {
    return this.query(
      Column,
      `select attname as name, format_type(atttypid, null) as type, attnotnull as needed,
         (atthasdef or attidentity <> '' or attgenerated <> '') as given
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [table],
    )
  }

  #references(table: string) {
    return this.query(
      Reference,
      `select array(select attname::text from unnest(conkey) with ordinality as k(num, nth)
             join pg_attribute on attrelid = conrelid and attnum = num order by nth) as columns,
         (select relname from pg_class where oid = confrelid) as other,
         array(select attname::text from unnest(confkey) with ordinality as k(num, nth)
             join pg_attribute on attrelid = confrelid and attnum = num order by nth) as others
       from pg_constraint where contype = 'f' and conrelid = $1::regclass`,
      [table],
    )
  }

  async #example(table: string, { name, type }: Column, mark: string): Promise<unknown> {
    const checks = await this.query(
      Check,
      `select pg_get_constraintdef(oid) as text from pg_constraint where contype = 'c' and conrelid = $1::regclass`,
      [table],
    )
    for (const { text } of checks) {
      const chosen = new RegExp(`\\b${name} = ANY \\(ARRAY\\['([^']*)'`).exec(text)?.[1]
      if (chosen !== undefined) return chosen
    }
    if (/^timestamp|^date/.test(type)) return new Date()
    if (/^(integer|bigint|smallint|numeric|double|real)/.test(type)) return 1
    if (type === 'boolean') return false
    if (type === 'jsonb' || type === 'json') return JSON.stringify({ mark })
    if (type.endsWith('[]')) return []
    return `${mark}-${name}`
  }
}
