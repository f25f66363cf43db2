/** A statement and its values, apart for ever. Only the tag `sql` makes one, so no text from outside becomes SQL. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** ``sql`select … where id = ${id}` ``: every value becomes a parameter. A statement inside a statement is spliced in. */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Statement {
  const values: unknown[] = []
  let text = strings[0] ?? ''
  for (const [index, part] of parts.entries()) {
    if (isStatement(part)) {
      const shift = values.length
      text += part.text.replace(/\$(\d+)/g, (_, position: string) => `$${Number(position) + shift}`)
      values.push(...part.values)
    } else {
      values.push(part)
      text += `$${values.length}`
    }
    text += strings[index + 1] ?? ''
  }
  const statement = { text, values }
  made.add(statement)
  return statement
}

/** A value for a `jsonb` column. PostgreSQL takes neither NUL nor half a surrogate pair: they are dropped, replaced. */
export function json(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  return /\\u0000|\\ud[89a-f]/i.test(text) ? JSON.stringify(storable(value)) : text
}

/** Text for a `text` column: the same two, NUL being shown as JSON shows it. */
export function text(value: string): string {
  return value.replaceAll('\0', '\\u0000').toWellFormed()
}

/** A value as PostgreSQL takes it: a NUL that came this far in a text is dropped, instead of the whole statement. */
export function parameter(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value
  return Array.isArray(value) ? value.map(parameter) : value
}

/** What looks like a statement but came from elsewhere (a parsed payload, say) is a value. */
const made = new WeakSet<object>()

function isStatement(part: unknown): part is Statement {
  return typeof part === 'object' && part !== null && made.has(part)
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storable(item)]))
}
