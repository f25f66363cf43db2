import type { Alert } from './alert.ts'
import { checklist } from './checklist.ts'
import type { Decision } from './decision.ts'
import { quotedDryRun } from './dry-run.ts'
import { type Evidence, ofKind } from './evidence.ts'
import type { Incident } from './incident.ts'
import type { Message, MessageLink, Occasion } from './message.ts'
import { nextStep } from './next-step.ts'
import { outcomeOf } from './outcome.ts'
import { believedEntries, ownersOf } from './owners.ts'
import { oneLine, plainText } from './text.ts'

/** More than this nobody reads on a phone. */
const mostEvidence = 6
const mostLinks = 5

/** What a message is made from. */
export interface MessageParts {
  occasion: Occasion
  incident: Pick<Incident, 'id' | 'title' | 'severity' | 'category' | 'asset' | 'environment' | 'occurrences'> &
    Partial<Pick<Incident, 'acknowledged_by' | 'fingerprint'>>
  /** Null while nothing is decided. */
  decision: Decision | null
  /** The alerts of the incident, oldest first. */
  alerts: readonly Alert[]
  evidence: readonly Evidence[]
  /** What was tried and what came of it, oldest first. */
  tried?: readonly string[]
  links?: readonly MessageLink[]
  possibleRepeat?: boolean
  note?: string | null
  silent?: boolean
  /** What happened, where it is not what the monitor said. */
  what?: string
}

/** What people are to be told. Pure; every text is plain, on the length of a message, and still not to be trusted. */
export function buildMessage(parts: MessageParts): Message {
  const { occasion, incident, decision, evidence } = parts
  const alert = spokenOf(parts)
  const asset = assetName(incident.asset)
  const catalog = catalogEntry(evidence)
  const owners = ownersOf(incident.asset, evidence)
  return {
    occasion,
    incident: incident.id,
    severity: decision?.severity ?? incident.severity,
    title: oneLine(incident.title, 300),
    asset,
    environment: incident.environment,
    what: plainText(parts.what ?? (alert?.description || incident.title), 1200),
    root_cause: decision ? sentence(decision.root_cause) : null,
    impact: decision ? sentence(decision.business_impact) : null,
    owner: owners.cause ? oneLine(owners.cause.name, 200) : null,
    sla_owners: owners.suffering.map(({ name }) => oneLine(name, 200)),
    acknowledged_by: incident.acknowledged_by ? oneLine(incident.acknowledged_by, 100) : null,
    dismissed: decision?.recommended_action === 'dismiss',
    silent: parts.silent ?? false,
    note: parts.note ? oneLine(parts.note, 300) : null,
    origin: originOf(parts.alerts),
    evidence: shownEvidence(decision, evidence).map(({ source, summary }) => ({
      source,
      summary: oneLine(summary, 300),
    })),
    sections: [],
    runbook: webAddress(catalog?.runbook),
    links: shownLinks(parts.links ?? [], alert),
    unchecked: ofKind(evidence, 'unavailable').map(({ data }) => oneLine(`${data.system}: ${data.reason}`, 200)),
    next_step: oneLine(
      nextStep(occasion, decision, incident.category, { asset: asset ?? 'it', evidence, incident: incident.id }),
      600,
    ),
    dry_run: occasion === 'decision' && decision && asksForApproval(decision) ? quotedDryRun(null) : null,
    checklist: isForPeople(occasion, decision) ? checklist(evidence, incident.asset?.name ?? null) : [],
    tried: [...(parts.tried ?? []), ...heldBack(decision)].map((line) => oneLine(line, 300)),
    confidence: decision?.confidence ?? null,
    analyzer: decision ? analyzerName(decision) : null,
    occurrences: incident.occurrences,
    possible_repeat: parts.possibleRepeat ?? false,
  }
}

/** The first alert that its sender gave an id. */
function originOf(alerts: readonly Alert[]): Message['origin'] {
  const alert = alerts.find(({ external_id }) => external_id !== null)
  return alert?.external_id ? { source: alert.source, id: alert.external_id } : null
}

/** The alert that says what happened: the latest firing of the root, else of anything. */
function spokenOf({ incident, alerts }: MessageParts): Alert | undefined {
  const firing = alerts.filter(({ status }) => status === 'firing')
  return firing.findLast(({ fingerprint }) => fingerprint === incident.fingerprint) ?? firing.at(-1) ?? alerts.at(-1)
}

/** The asset as its own system spells it, so that it can be copied into that system. */
function assetName(asset: Incident['asset']): string | null {
  if (!asset) return null
  const { dag_id, task_id } = asset.native ?? {}
  if (dag_id && task_id) return oneLine(`${dag_id}.${task_id}`, 200)
  return oneLine(dag_id ?? asset.native?.name ?? asset.name, 200)
}

/** Only the team's own catalogue says who owns a thing and where its runbook is: an alert may claim anything. */
function catalogEntry(evidence: readonly Evidence[]) {
  return believedEntries(evidence).find(({ data }) => !data.below)?.data
}

/** What the decision cites, in its order; while nothing is decided, whatever is known. */
function shownEvidence(decision: Decision | null, evidence: readonly Evidence[]): Evidence[] {
  const known = evidence.filter(({ kind }) => kind !== 'unavailable')
  if (!decision) return known.slice(0, mostEvidence)
  const cited = new Set(decision.evidence_ids)
  const inOrder = [...cited].flatMap((id) => known.find((item) => item.id === id) ?? [])
  return inOrder.slice(0, mostEvidence)
}

/** The links of the caller, then the alert's own page, named by its host: its text must not say where it leads. */
function shownLinks(links: readonly MessageLink[], alert: Alert | undefined): MessageLink[] {
  const own = webAddress(alert?.url)
  const all = own && alert ? [...links, { title: `Alert in ${new URL(own).host}`, url: own }] : [...links]
  const shown = new Map<string, MessageLink>()
  for (const link of all) {
    const url = webAddress(link.url)
    if (url && !shown.has(url)) shown.set(url, { title: oneLine(link.title, 80), url })
  }
  return [...shown.values()].slice(0, mostLinks)
}

/** An http(s) address without log-in data, or null. */
function webAddress(value: string | null | undefined): string | null {
  if (!value || !URL.canParse(value)) return null
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  url.username = ''
  url.password = ''
  return url.href
}

/** Whether somebody has to look: a fix under way, and what is over, leave nothing to do. */
function isForPeople(occasion: Occasion, decision: Decision | null): boolean {
  if (occasion === 'escalated') return true
  return (occasion === 'decision' || occasion === 'reminder') && decision?.recommended_action === 'notify_team'
}

/** Whether a fix waits for a person. */
function asksForApproval(decision: Decision): boolean {
  return outcomeOf(decision).state === 'awaiting_approval'
}

/** Says why a fix that was proposed is left to people. */
function heldBack(decision: Decision | null): string[] {
  const changes = decision?.guardrails.filter(({ before }) => before === 'auto_fix') ?? []
  return changes.map(({ why }) => `Not fixed automatically: ${why}`)
}

function analyzerName({ analyzer, model, fallback }: Decision): string {
  if (analyzer === 'gemini') return model ?? analyzer
  return fallback ? 'rules, as the model did not answer' : 'rules'
}

function sentence(value: string): string | null {
  return oneLine(value, 1000) || null
}
