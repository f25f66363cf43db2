import type { EvidenceDraft } from '../../domain/evidence.ts'
import { type About, withoutValues } from '../warehouse/evidence.ts'
import { type Gap, holds, type Statement } from './history.ts'

/** What kind of thing a statement does, by how its type begins. What is none of them writes rows. */
const definitions = /^(?:CREATE|ALTER|DROP|UNDROP|RENAME|TRUNCATE|RECLUSTER|SWAP)/
const rights = /^(?:GRANT|REVOKE)/

const mostChanges = 10

/** What was defined, granted and revoked, as changes; who wrote to the table stands in its state. */
export function withHistory(
  drafts: readonly EvidenceDraft[],
  statements: readonly Statement[],
  about: About,
): EvidenceDraft[] {
  const defined = statements.filter(({ query_type: type }) => definitions.test(type))
  const granted = statements.filter(({ query_type: type }) => rights.test(type))
  const written = statements.filter(({ query_type: type }) => !definitions.test(type) && !rights.test(type))
  return [
    ...drafts.map((draft) => {
      if (draft.kind === 'schema_change') return attributed(draft, defined)
      return draft.kind === 'table_state' && written.length > 0 ? withWrites(draft, written) : draft
    }),
    ...[...defined, ...granted].slice(0, mostChanges).map((one) => changeOf(one, about)),
  ]
}

type Draft<K extends EvidenceDraft['kind']> = Extract<EvidenceDraft, { kind: K }>

/** A change that was seen later, with who made it and when, where the history tells. */
function attributed(draft: Draft<'schema_change'>, defined: readonly Statement[]): EvidenceDraft {
  const { column, change } = draft.data
  const cause = defined.find(
    (one) => succeeded(one) && (column == null ? isDrop(one) && change === 'dropped' : names(one, column)),
  )
  if (!cause) return change === 'dropped' && column == null ? uncertain(draft) : draft
  const at = cause.start_time.toISOString()
  return {
    ...draft,
    summary: `${draft.summary} ${cause.user_name ?? 'Somebody'} did it at ${at}.`,
    data: { ...draft.data, by: cause.user_name, at, ref: cause.query_id },
  }
}

/** Whether a statement took a table away. */
export function isDrop(one: Statement): boolean {
  return succeeded(one) && /^DROP/.test(one.query_type)
}

/** It looks the same when the role has lost its right to that one table. */
function uncertain(draft: Draft<'schema_change'>): EvidenceDraft {
  const doubt = 'Its history shows no DROP: its role may have lost its right to it instead.'
  return { ...draft, summary: `${draft.summary} ${doubt}`, data: { ...draft.data, is_certain: false } }
}

/** `create or replace` names no column that it leaves out. */
function names({ query_text: text, query_type: type }: Statement, column: string): boolean {
  const words = (text ?? '').toLowerCase()
  return holds(words, column) || (type.startsWith('CREATE') && /^\s*create\s+or\s+replace/.test(words))
}

function withWrites(draft: Draft<'table_state'>, written: readonly Statement[]): EvidenceDraft {
  const last = written.find(succeeded)
  const failed = written.find((one) => !succeeded(one))
  const told = [
    last && `${spelled(last)} wrote to it`,
    failed && `${spelled(failed)} failed${failed.error_code ? ` (${failed.error_code})` : ''}`,
  ].filter(Boolean)
  return {
    ...draft,
    summary: `${draft.summary} ${told.join('; ')}.`,
    data: { ...draft.data, last_write: last && dataOf(last), last_failed_write: failed && dataOf(failed) },
  }
}

function changeOf(one: Statement, { source, asset }: About): EvidenceDraft {
  const text = withoutValues(one.query_text ?? '')
  return {
    source,
    kind: 'change',
    asset,
    observed_at: one.start_time.toISOString(),
    summary: `${spelled(one)}${succeeded(one) ? '' : ` failed${one.error_code ? ` (${one.error_code})` : ''}`}: ${text}`,
    data: { what: typeOf(one), ...dataOf(one), ref: one.query_id, files: null, statement: text },
  }
}

/** Says what could not be seen, all of one code in one piece: of each system that is stated once. */
export function gapEvidence(
  gaps: readonly Gap[],
  system: { name: string; kind: string },
  { source, asset, now }: About,
): EvidenceDraft[] {
  return [...Map.groupBy(gaps, ({ fault }) => fault.code)].map(([code, some]) => {
    const together = (texts: readonly string[], between: string) => [...new Set(texts)].join(between)
    const what = together(
      some.map((one) => one.what),
      ', nor ',
    )
    const reason = together(
      some.map(({ fault }) => fault.message),
      ' ',
    )
    const hint = together(
      some.map(({ fault }) => fault.hint),
      ' ',
    )
    return {
      source,
      kind: 'unavailable' as const,
      asset,
      observed_at: now.toISOString(),
      summary: `${system.name} does not tell ${what}: ${reason}`,
      data: { system: system.name, kind: system.kind, reason, code, hint },
    }
  })
}

function succeeded({ execution_status: status }: Statement): boolean {
  return status === null || /^SUCCESS$/i.test(status)
}

function spelled(one: Statement): string {
  const role = one.role_name ? ` as ${one.role_name}` : ''
  return `${typeOf(one)} by ${one.user_name ?? 'somebody'}${role} at ${one.start_time.toISOString()}`
}

function dataOf(one: Statement) {
  return { by: one.user_name, at: one.start_time.toISOString(), role: one.role_name, query: one.query_id }
}

function typeOf({ query_type: type }: Statement): string {
  return type.replaceAll('_', ' ')
}
