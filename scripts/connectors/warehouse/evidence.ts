import type { EvidenceDraft } from '../../domain/evidence.ts'
import { nearestDeadline } from '../../domain/sla.ts'
import { type Baseline, lastAltered, type TableChange, type TableState } from '../../domain/warehouse.ts'

/** Which warehouse says it, and about what the alert calls it. */
export interface About {
  source: 'postgres' | 'snowflake'
  asset: string
  now: Date
}

/** A lock on a table that holds others up, or may. */
export interface Lock {
  table: string
  /** Who holds it: user, and the program if it says. */
  holder: string | null
  mode: string
  heldSeconds: number
  /** What it runs; null while it does nothing. */
  statement: string | null
  /** What it ran last, when it does nothing. */
  lastStatement: string | null
  /** Sessions that wait for it. */
  waiting: number
  session: string
  /** The transaction that holds it, where it has a name of its own. */
  transaction?: string
  /** What ends it, for people to run. */
  release?: string | null
}

const longestStatement = 300

/** Rows and age of a table, next to what they were. */
export function stateEvidence(
  state: TableState,
  before: Baseline | null,
  { source, asset, now }: About,
): EvidenceDraft {
  const altered = lastAltered(state, before, now)
  const rowsBefore = before?.rowsBefore ?? null
  const { promised } = before ?? { promised: null }
  // Without knowing when it was written, nobody can say that it is late.
  const due = promised && altered ? nearestDeadline(now, promised) : null
  const rows = state.rows === null ? 'an unknown number of rows' : `about ${state.rows} rows`
  const was = rowsBefore === null ? '' : ` (a day before: ${rowsBefore})`
  const age = altered === null ? '' : `, last written to by ${altered.toISOString()}`
  return {
    source,
    kind: 'table_state',
    asset,
    observed_at: now.toISOString(),
    summary: `${state.name} has ${rows}${was}${age}.`,
    data: {
      table: state.name,
      row_count: state.rows,
      previous_row_count: rowsBefore,
      last_altered: altered?.toISOString() ?? null,
      expected_by: due?.toISOString() ?? null,
      columns: Object.keys(state.columns).length,
    },
  }
}

export function changeEvidence(
  table: string,
  { at, change }: { at: Date; change: TableChange },
  { source, asset }: About,
): EvidenceDraft {
  const when = at.toISOString()
  const isColumn = change.what === 'column'
  const types = isColumn ? [change.before, change.after].filter((type) => type !== null).join(' → ') : ''
  return {
    source,
    kind: 'schema_change',
    asset,
    observed_at: when,
    summary: isColumn
      ? `Column ${change.column} of ${table} was ${change.change.replace('_', ' ')} (${types}), seen at ${when}.`
      : `${table} was dropped, seen at ${when}.`,
    data: {
      table,
      change: isColumn ? change.change : 'dropped',
      column: isColumn ? change.column : null,
      before: isColumn ? change.before : null,
      after: isColumn ? change.after : null,
      by: null,
      at: when,
    },
  }
}

export function lockEvidence(lock: Lock, { source, asset, now }: About): EvidenceDraft {
  const { table, holder, mode, session, waiting, transaction, release } = lock
  const held = Math.round(lock.heldSeconds)
  const isIdle = lock.statement === null
  return {
    source,
    kind: 'lock',
    asset,
    observed_at: now.toISOString(),
    summary: transaction
      ? `Transaction ${transaction} holds ${mode} on ${table} for ${held} s, ${waiting} wait for it${release ? `; this ends it: ${release}` : ''}.`
      : `Session ${session} holds ${mode} on ${table} for ${held} s, ${waiting} wait for it; it is ${isIdle ? 'idle in transaction' : 'at work'}.`,
    data: {
      table,
      holder,
      held_s: held,
      statement: lock.statement === null ? 'idle in transaction' : withoutValues(lock.statement),
      last_statement: lock.lastStatement === null ? null : withoutValues(lock.lastStatement),
      waiting,
      mode,
      session,
      ...(transaction ? { transaction, release } : {}),
    },
  }
}

/** Says that something was not to be seen, with what its role would need. */
export function missingRight(
  what: string,
  grant: string,
  system: { name: string; kind: string },
  about: About,
): EvidenceDraft {
  return {
    source: about.source,
    kind: 'unavailable',
    asset: about.asset,
    observed_at: about.now.toISOString(),
    summary: `${system.name} does not show ${what}: its role lacks ${grant}.`,
    data: {
      system: system.name,
      kind: system.kind,
      reason: `Its role may not see ${what}.`,
      code: 'E_ACCESS_DENIED',
      hint: `Grant it: ${grant}`,
    },
  }
}

/** A statement's text, on one line, without what it wrote or looked for: its values may be anybody's. */
export function withoutValues(statement: string): string {
  return statement
    .slice(0, 4 * longestStatement)
    .replace(/\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/g, '?')
    .replace(/'(?:[^']|'')*(?:'|$)/g, '?')
    .replace(/\b\d+(?:\.\d+)?\b/g, '?')
    .slice(0, longestStatement)
}
