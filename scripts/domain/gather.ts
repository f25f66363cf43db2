import type { Alert } from './alert.ts'
import { sameAsset } from './assess/asset-names.ts'
import { Evidence, type EvidenceOf, ofKind } from './evidence.ts'
import { believedEntries } from './owners.ts'
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
  return evidence.map((item) => (item.kind === 'catalog_entry' ? withBreach(merged(item, evidence), evidence) : item))
}

/**
 * What tells one piece from a repetition: not when it was seen, nor how often a system could not be asked, nor by which
 * way an entry was reached.
 */
function saying({ source, kind, asset, data }: Evidence): string {
  if (kind === 'catalog_entry') return JSON.stringify([source, kind, data.asset.toLowerCase(), data.environment])
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

/** What a promise is made of: it is taken over whole, or not at all. */
const promiseKeys = ['sla_minutes', 'sla_deadline', 'sla_minutes_left', 'sla_since'] as const
const mergedKeys = ['owner', 'channel', 'consumers', 'runbook'] as const

/** The team's own entry, and what other catalogues know of the same asset and it leaves open. */
function merged(entry: EvidenceOf<'catalog_entry'>, evidence: readonly Evidence[]): EvidenceOf<'catalog_entry'> {
  if (entry.source !== 'catalog') return entry
  const others = believedEntries(evidence).filter(
    ({ source, data }) => source !== 'catalog' && sameAsset(data.asset, entry.data.asset),
  )
  const data = { ...entry.data }
  for (const { data: known } of others) {
    const hasPromise = promiseKeys.some((key) => data[key] != null)
    const keys = [...mergedKeys, ...(hasPromise ? [] : promiseKeys)]
    const open = keys.filter((key) => data[key] == null && known[key] != null)
    Object.assign(data, Object.fromEntries(open.map((key) => [key, known[key]])))
  }
  return { ...entry, data }
}

/** The entry with what runs and tables tell of its promise. An alert's word can break it, and never keep it. */
function withBreach(entry: EvidenceOf<'catalog_entry'>, evidence: readonly Evidence[]): Evidence {
  if (entry.data.breached != null || entry.source === 'alert') return entry
  const late = isLate(entry, evidence)
  if (late !== null) return told(entry, late)
  const minutes = entry.data.sla_minutes
  if (minutes == null) return entry
  const name = entry.data.asset.toLowerCase()
  const lasting = evidence.flatMap((item) =>
    item.kind === 'dag_run' && item.data.dag_id.toLowerCase() === name && item.data.state === 'running' ? [item] : [],
  )
  const over = lasting.find(({ data }) => data.duration_s != null && data.duration_s > minutes * 60)
  if (!over && !lasting.some(({ source }) => source !== 'alert')) return entry
  return told(entry, over !== undefined)
}

/** Whether a table was not there by its deadline, once that is past: by when its warehouse says that it was written. */
function isLate({ data }: EvidenceOf<'catalog_entry'>, evidence: readonly Evidence[]): boolean | null {
  if (data.sla_deadline == null || data.sla_minutes_left == null || data.sla_minutes_left >= 0) return null
  const state = ofKind(evidence, 'table_state').find(
    ({ source, data: { table } }) => source !== 'alert' && sameAsset(table, data.asset),
  )
  if (state?.data.last_altered == null || data.sla_since == null) return null
  const altered = Date.parse(state.data.last_altered)
  return altered <= Date.parse(data.sla_since) || altered > Date.parse(data.sla_deadline)
}

function told(entry: EvidenceOf<'catalog_entry'>, breached: boolean): Evidence {
  const summary = breached ? `${entry.summary} That promise is broken.` : entry.summary
  return { ...entry, summary, data: { ...entry.data, breached } }
}
