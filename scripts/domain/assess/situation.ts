import { type Alert, type Category, type Severity, worse } from '../alert.ts'
import type { AnalyzerRecord, Proposal } from '../decision.ts'
import { type Evidence, type EvidenceOf, ofKind } from '../evidence.ts'
import type { Policy } from '../policy.ts'
import { distinct, type Neighbourhood, neighbourhood, sameAsset } from './asset-names.ts'
import { covers, relevantChanges } from './circumstances.ts'
import { classifyFailure, type FailureClass } from './failure-class.ts'
import type { Finding, Sign } from './finding.ts'
import { findings } from './findings.ts'
import { type History, readHistory } from './history.ts'
import { type ServiceLevel, serviceLevel } from './service-level.ts'
import { unavailableSystems } from './systems.ts'

/** What an analyser is given, and all that it is given. `alerts`: of one incident, oldest first. */
export interface AnalysisInput {
  alerts: readonly Alert[]
  evidence: readonly Evidence[]
  policy: Policy
  now: Date
  /** The incident's severity so far: the worst that monitors claimed. */
  severity: Severity
}

/** What an analyser answers. */
export interface Analysis {
  proposal: Proposal
  record: AnalyzerRecord
}

/** Everything that a row of the decision table may ask, worked out once. */
export interface Situation {
  now: Date
  alerts: readonly Alert[]
  evidence: readonly Evidence[]
  category: Category
  /** The worst severity that a monitor claims. */
  label: Severity
  /** True when no alert fires any more. */
  allResolved: boolean
  around: Neighbourhood
  level: ServiceLevel
  isCatalogued: boolean
  /** In the catalogue, tier 3 or 4, and nothing is known to read it. */
  isLowStakes: boolean
  isProduction: boolean
  /** Catalogue or lineage were read, and they know nothing that reads it. */
  hasNoReaders: boolean
  /** Downstream assets, exposures and consumers, counted over lineage and catalogue. */
  affected: string[]
  findings: readonly Finding[]
  /** A maintenance window of the asset, or of something above it, that is open now and explains the condition. */
  maintenance: EvidenceOf<'maintenance'> | null
  /** Changes that touched the asset shortly before the condition began. */
  changes: EvidenceOf<'change'>[]
  history: History
  /** Configured systems that this category needs and that did not answer. */
  unavailable: EvidenceOf<'unavailable'>[]
  /** What the payload's own words say of the failure. */
  claimedFailure: FailureClass | null
  urgency: 'breached' | 'near' | 'distant' | 'none'
}

/** Works out the situation from alerts and evidence. Pure; nothing is guessed that no evidence says. */
export function assess({ alerts, evidence, now, severity }: Omit<AnalysisInput, 'policy'>): Situation {
  const around = neighbourhood(alerts, evidence)
  const level = serviceLevel(alerts, evidence, around, now)
  const category = alerts.find((alert) => alert.category !== 'unknown')?.category ?? 'unknown'
  const affected = distinct([...around.downstream, ...around.exposures, ...level.consumers]).filter(
    (name) => !around.names.some((own) => sameAsset(own, name)),
  )
  const isCatalogued = level.entries.length > 0
  const isProduction = inProduction(alerts, level)
  const claims = alerts.map((alert) => `${alert.title}\n${alert.description}`).join('\n')
  return {
    now,
    alerts,
    evidence,
    category,
    label: alerts.reduce<Severity>((worst, alert) => worse(worst, alert.severity), severity),
    allResolved: alerts.length > 0 && alerts.every(({ status }) => status !== 'firing'),
    around,
    level,
    isCatalogued,
    isLowStakes: isCatalogued && (level.tier ?? 1) >= 3 && affected.length === 0 && level.revenuePerHour === 0,
    isProduction,
    hasNoReaders:
      affected.length === 0 &&
      (ofKind(evidence, 'lineage').length > 0 || level.entries.some(({ data }) => data.consumers)),
    affected,
    findings: findings(alerts, evidence, around, now),
    maintenance: ofKind(evidence, 'maintenance').find((window) => covers(window, alerts, around, now)) ?? null,
    changes: relevantChanges(ofKind(evidence, 'change'), alerts, around, now),
    history: readHistory(ofKind(evidence, 'past_incident'), category, { alerts, affected: affected.length, now }),
    unavailable: unavailableSystems(evidence, category),
    claimedFailure: classifyFailure(claims),
    urgency: urgencyOf(level),
  }
}

const nearMinutes = 60
const distantMinutes = 8 * 60

function urgencyOf({ breached, minutesLeft }: ServiceLevel): Situation['urgency'] {
  if (breached) return 'breached'
  if (minutesLeft === null) return 'none'
  if (minutesLeft <= nearMinutes) return 'near'
  return minutesLeft > distantMinutes ? 'distant' : 'none'
}

const lowerEnvironment =
  /^(?:stag(?:e|ing)|dev(?:elopment)?|test(?:ing)?|qa|uat|sandbox|(?:pre|non)[-_ ]?prod(?:uction)?|integration|perf|ci|local|demo)$/i
const lowerName = /(?:^|[._-])(?:staging|stg|dev|sandbox|qa|uat)(?:[._-]|$)/i

/** The catalogue knows best. A payload's word, or a name, is believed only where the catalogue says low tier or nothing. */
function inProduction(alerts: readonly Alert[], level: ServiceLevel): boolean {
  const said = level.entries.flatMap(({ data }) => data.environment ?? [])
  if (said.length > 0) return !said.every((environment) => lowerEnvironment.test(environment))
  if ((level.tier ?? 4) <= 2) return true
  return !alerts.some(
    ({ environment, asset }) => lowerEnvironment.test(environment ?? '') || lowerName.test(asset?.name ?? ''),
  )
}

/** Findings about this incident's own thing, or what is above it, with one of these signs. */
export function found(situation: Situation, ...signs: readonly Sign[]): Finding[] {
  return situation.findings.filter((finding) => signs.includes(finding.sign) && concerns(finding))
}

/** The same, read by a connector. */
export function observed(situation: Situation, ...signs: readonly Sign[]): Finding[] {
  return found(situation, ...signs).filter((finding) => finding.observed)
}

/** Trouble that connectors read: at the asset itself, beside it, or above it. */
export function observedTrouble(situation: Situation): Finding[] {
  return situation.findings.filter((finding) => finding.isWrong && finding.observed && concerns(finding))
}

/**
 * Observed trouble that neither an open maintenance window, nor a lower environment, nor a known pattern accounts for.
 */
export function unexplainedTrouble(situation: Situation): Finding[] {
  if (situation.maintenance || !situation.isProduction) return []
  const isNormal = observed(situation, 'within_normal').length > 0 && observed(situation, 'beyond_normal').length === 0
  return observedTrouble(situation).filter(({ sign }) => !(isNormal && aboutVolume.has(sign)))
}

const aboutVolume: ReadonlySet<Sign> = new Set<Sign>(['data_lost', 'data_multiplied'])

function concerns({ relation }: Finding): boolean {
  return relation === 'subject' || relation === 'related' || relation === 'upstream'
}
