import type { Alert } from './alert.ts'
import { Evidence, type EvidenceOf } from './evidence.ts'
import { oneLine, plainText } from './text.ts'

const mostEvidence = 100
/** Of an incident that fires on and on, the latest alerts say enough. */
const latestAlerts = 5
const longestSummary = 500
const longestText = 4000
const mostNames = 200
const mostKeys = 40

/** What the alerts themselves claim, as evidence of source `alert`: a claim, not an observation. */
export function alertEvidence(alerts: readonly Alert[]): unknown[] {
  return alerts.slice(-latestAlerts).flatMap((alert) =>
    alert.facts.map((fact) => ({
      source: 'alert',
      asset: alert.asset?.name ?? null,
      observed_at: alert.received_at,
      kind: fact.kind,
      summary: fact.summary,
      data: fact.data,
    })),
  )
}

/**
 * Evidence in its place in an incident: capped, without repetitions, promises checked against runs, numbered `ev_1`, …
 * in the order given, so that the same facts always get the same ids. What is no evidence is left out.
 */
export function settleEvidence(drafts: readonly unknown[]): Evidence[] {
  const known = new Set<string>()
  const evidence: Evidence[] = []
  for (const draft of drafts) {
    const parsed = readDraft(draft, evidence.length + 1)
    // That something could not be asked is never cut off: decisions rest on it.
    if (!parsed || (evidence.length >= mostEvidence && parsed.kind !== 'unavailable')) continue
    const said = saying(parsed)
    if (known.has(said)) continue
    known.add(said)
    evidence.push(parsed)
  }
  return evidence.map((item) => (item.kind === 'catalog_entry' ? withBreach(item, evidence) : item))
}

/** What tells one piece from a repetition: not when it was seen, nor how often a system could not be asked. */
function saying({ source, kind, asset, data }: Evidence): string {
  return JSON.stringify(
    kind === 'unavailable' ? [source, kind, data.system, data.code] : [source, kind, asset ?? null, data],
  )
}

/** Whether a connector's answer is evidence. */
export function isDraft(draft: unknown): boolean {
  return readDraft(draft, 1) !== null
}

function readDraft(draft: unknown, number: number): Evidence | null {
  if (typeof draft !== 'object' || draft === null || !('summary' in draft) || !('data' in draft)) return null
  const parsed = Evidence.safeParse({
    ...draft,
    id: `ev_${number}`,
    summary: typeof draft.summary === 'string' ? oneLine(draft.summary, longestSummary) : draft.summary,
    data: capped(draft.data),
  })
  return parsed.success ? parsed.data : null
}

function capped(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value, longestText)
  if (Array.isArray(value)) return value.slice(0, mostNames).map(capped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostKeys)
      .map(([key, item]) => [key, capped(item)]),
  )
}

/** The entry of a DAG with what its runs tell of the promise. An alert's word can break it, and never keep it. */
function withBreach(entry: EvidenceOf<'catalog_entry'>, evidence: readonly Evidence[]): Evidence {
  const minutes = entry.data.sla_minutes
  if (minutes == null || entry.data.breached != null || entry.source === 'alert') return entry
  const name = entry.data.asset.toLowerCase()
  const lasting = evidence.flatMap((item) =>
    item.kind === 'dag_run' && item.data.dag_id.toLowerCase() === name && item.data.state === 'running' ? [item] : [],
  )
  const over = lasting.find(({ data }) => data.duration_s != null && data.duration_s > minutes * 60)
  if (!over && !lasting.some(({ source }) => source !== 'alert')) return entry
  const summary = over ? `${entry.summary} That promise is broken.` : entry.summary
  return { ...entry, summary, data: { ...entry.data, breached: over !== undefined } }
}
