/**
 * How a setting reaches a task. `secret`: Kestra's `secret('NAME')`, from `SECRET_NAME` in base64. `setting`: Kestra's
 * `envs.name`, from `ENV_NAME`. `operator`: read by commands only and never handed to Kestra.
 */
export type Kind = 'secret' | 'setting' | 'operator'

export interface Setting {
  readonly kind: Kind
  readonly required: boolean
  readonly what: string
}

/** The names in a table, in its order. */
export function namesIn<T extends Readonly<Record<string, Setting>>>(table: T): (keyof T & string)[] {
  // A table is a literal: it has the keys that its type says, and no others.
  return Object.keys(table) as (keyof T & string)[]
}
