import { z } from 'zod'
import { type Alert, Severity, sourceKey } from '../domain/alert.ts'
import type { QuietRules } from '../domain/quiet-rules.ts'
import type { Query } from './connection.ts'
import { hastenDue, scheduleDue } from './due.ts'
import { loadMark } from './marks.ts'
import { sql } from './sql.ts'

const minute = 60_000

/** An incident that was folded over a limit. */
const Folded = z.object({ incident: z.string(), title: z.string(), severity: Severity, since: z.date() })
export type Folded = z.infer<typeof Folded>

/** Under which name the time of a source's last summary is kept. */
export function summaryMark(source: string): string {
  return `summary/${source}`
}

/**
 * Plans the summary of what a source brings over its limit: at the end of the window, or within a minute when
 * something critical is among it; one a window.
 */
export async function scheduleSummary(query: Query, alert: Alert, { limits }: QuietRules): Promise<void> {
  const source = sourceKey(alert)
  const windowMs = limits.windowMinutes * minute
  const last = await loadMark(query, summaryMark(source))
  const sinceLast = last ? Date.now() - last.at.getTime() : windowMs
  await scheduleDue(query, { kind: 'summary', subject: source, inMs: windowMs, ifAbsent: true })
  const inMs = Math.max(windowMs - sinceLast, minute)
  if (alert.severity === 'CRITICAL') await hastenDue(query, { kind: 'summary', subject: source, inMs })
}

/** What was folded over a source's limit and nobody was told of, worst first. */
export function untoldOf(query: Query, source: string): Promise<Folded[]> {
  return query.rows(
    Folded,
    sql`select quieted.incident, title, severity, quieted.since from quieted
        join incidents on incidents.tenant = quieted.tenant and incidents.id = quieted.incident
        where kind = 'limit' and not told and incidents.source = ${source}
        order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), quieted.since, quieted.incident
        for update of quieted`,
  )
}

export async function markTold(query: Query, incidents: readonly string[]): Promise<void> {
  await query.run(sql`update quieted set told = true where incident = any(${incidents})`)
}
