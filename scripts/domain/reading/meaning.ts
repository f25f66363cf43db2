import type { AlertStatus, Severity } from '../alert.ts'
import { assetKeyOf } from './asset.ts'
import { checkFromTitle } from './build-alert.ts'
import { findLeaf, type Leaf, ranked } from './leaves.ts'
import { readLogLevel, readPriority, readSeverity } from './severity.ts'
import { readStatus, readTitleStatus } from './status.ts'
import { readTime } from './time.ts'
import { wordsOf } from './value.ts'

/** What is wrong, in words; names of entities after the names of titles, long texts last. */
const titles = ranked(`
  title alerttitle problemtitle eventtitle issuetitle messagetitle incidenttitle alarmtitle subject eventname headline summary alertname alertrule rulename searchname
  monitorname checkname alarmname conditionname incidentname healthrulename policyname monitorfriendlyname name displayname
  detailtype eventtypecode trigger rule alert alarm check monitor condition problem issue incident event message text msg description body reason error
  errormessage output details content info metricname`)
const descriptions = ranked(`
  description body message text eventmessage msg messagebody alertdetails details longdescription output errormessage error
  newstatereason resultdescription reason statereason summary info content subject`)
const statuses = ranked(`
  alerttransition eventaction monitorcondition transition newstatevalue newstate currentstate alertstatus alertstate incidentstate notificationtype
  alerttype triggertype eventtype state status action event trigger result outcome type conclusion currentstatus statusname
  alerttypefriendlyname`)
const severities = ranked(`
  severity alertseverity severitylevel severityname criticality sev priority alertpriority level loglevel alertlevel importancelevel importance urgency
  impactlevel triggertype eventtype`)
const starts = ranked(`
  startedat startsat starttime firedat fireddatetime triggeredat triggertime firsttriggeredat statechangetime statechangedtimestamp occurredat occuredat
  occurred eventtime alerttime createdat createdon opened openedat start startdate datestart timestamp time datetime date updatedat`)
const ends = ranked(
  'endedat endsat endtime resolvedat resolveddatetime closedat recoveredat clearedat datend dateend end enddate',
)
const links = ranked(`
  alerturl incidenturl issueurl alertlink permalink htmlurl link url weburl detailurl detailsurl eventurl ruleurl monitorurl dashboardurl panelurl
  externalurl resultslink generatorurl runurl executionurl href deeplink`)
const ids = ranked('alertid incidentid eventid issueid problemid alertuid id uuid uid guid key messageid')
const environments = ranked('environment env stage deployenvironment')
/** Keys that a monitor made to be the identity of a condition. */
const dedupKeys = ranked('dedupkey deduplicationkey dedupekey incidentkey aggregationkey fingerprint')
/** Keys that name what is checked; its asset is part of the identity too. */
const checks = ranked(`
  ruleid alertruleid checkid monitorid conditionid alarmarn detectorid definitionid eventdefinitionid alertname alertrule rulename checkname
  monitorname alarmname conditionname policyname searchname healthrulename testname rule check monitor alert`)
const categories = ranked(
  'category alertcategory alerttype checktype conditiontype metricname metric testname alertname reason',
)

/** Booleans that say whether all is well, and what true means. */
const flags = new Map<string, AlertStatus>(
  Object.entries({
    success: 'resolved',
    succeeded: 'resolved',
    passed: 'resolved',
    healthy: 'resolved',
    ok: 'resolved',
    resolved: 'resolved',
    isresolved: 'resolved',
    recovered: 'resolved',
    triggered: 'firing',
    firing: 'firing',
    active: 'firing',
    failed: 'firing',
    isfiring: 'firing',
    breached: 'firing',
  }),
)
const opposite: Record<AlertStatus, AlertStatus> = { firing: 'resolved', resolved: 'firing', info: 'info' }

/** A title is text with a letter in it; no link, and no single word that only tells the state. */
export function isTitle({ key, value, text }: Leaf): boolean {
  if (typeof value !== 'string' || !/\p{L}/u.test(text.slice(0, 400)) || /^https?:\/\/\S+$/i.test(text)) return false
  return !stateKeys.has(key) || wordsOf(text.slice(0, 80)).length > 1 || readStatus(text) === null
}

/** Keys that hold a title as often as a state. */
const stateKeys = new Set([
  'trigger',
  'event',
  'alert',
  'alarm',
  'check',
  'problem',
  'reason',
  'body',
  'info',
  'content',
])

/** `service: {name}` names a thing, not what is wrong with it. */
function isAssetName({ key, parents }: Leaf): boolean {
  return /^(?:name|displayname|summary|description)$/.test(key) && assetKeyOf(parents.at(-1) ?? '') !== null
}

/** What a document says is wrong, and how it says the rest; null where it says nothing. */
export interface Wording {
  title: string | null
  description: string | null
  /** Names the kind of check: `MESSAGE_COUNT`, `freshness`. */
  category: string | null
  environment: string | null
  external_id: string | null
  url: string | null
}

/** Finds the words of a document by the many names they go under. */
export function readWording(leaves: readonly Leaf[]): Wording {
  const titleLeaf = findLeaf(leaves, titles, isTitle, (leaf) => (isAssetName(leaf) ? 12 : 0))
  const text = (names: ReadonlyMap<string, number>) => findLeaf(leaves, names)?.text ?? null
  const described = findLeaf(leaves, descriptions, (leaf) => isTitle(leaf) && leaf !== titleLeaf)
  return {
    title: titleLeaf ? headline(titleLeaf.text) : null,
    description: (described ?? titleLeaf)?.text ?? null,
    category: text(categories),
    environment: text(environments),
    external_id: text(ids),
    url: findLeaf(leaves, links, ({ text }) => /^https?:\/\//i.test(text))?.text ?? null,
  }
}

/** Whether there is anything that says what is wrong. */
export function isTelling(leaves: readonly Leaf[]): boolean {
  return findLeaf(leaves, titles, isTitle) !== null || findLeaf(leaves, dedupKeys) !== null
}

/** The identity that a monitor states: a key made for it, or what is checked; null when it states none. */
export function readIdentity(leaves: readonly Leaf[]): { check: string; identity: 'check' | 'check_and_asset' } | null {
  const key = findLeaf(leaves, dedupKeys)
  if (key) return { check: key.text, identity: 'check' }
  const check = findLeaf(leaves, checks)
  if (!check) return null
  // A name of several words may hold a value or a state; an id is kept to the digit.
  const name = /\s/.test(check.text) ? checkFromTitle(check.text) : check.text
  return { check: `${check.key}=${name}`, identity: 'check_and_asset' }
}

/** When it began and when it ended, as far as a field says so that can be read as a time. */
export function readTimes(leaves: readonly Leaf[]): { started_at: unknown; ended_at: unknown } {
  const isTime = ({ value }: Leaf) => readTime(value) !== null
  return { started_at: findLeaf(leaves, starts, isTime)?.value, ended_at: findLeaf(leaves, ends, isTime)?.value }
}

/** A field that says it, then a yes or no, then the title; what says nothing is firing: nobody is woken for silence. */
export function readAnyStatus(leaves: readonly Leaf[], title: string): AlertStatus {
  const spoken = readTitleStatus(title)
  if (spoken === 'info' || isRecordChange(leaves)) return 'info'
  const field =
    findLeaf(leaves, statuses, ({ key, value, text }) => text !== title && statusOf(key, value) !== null) ??
    leaves.find(({ key, value }) => /(?:status|state)$/.test(key) && statusOf(key, value) !== null)
  const said = field ? statusOf(field.key, field.value) : null
  const flag = leaves.find(
    ({ key, value, parents }) =>
      parents.length <= 3 && flags.has(key) && (typeof value === 'boolean' || value === 0 || value === 1),
  )
  const meaning = flag ? flags.get(flag.key) : undefined
  const flagged = flag && meaning ? (flag.value === true || flag.value === 1 ? meaning : opposite[meaning]) : null
  // A neutral word (`running`, `created`) decides only when nothing else speaks.
  if (said !== null && said !== 'info') return said
  return flagged ?? spoken ?? said ?? 'firing'
}

/** `{event: created, model: site}`: an inventory tells of a change of its own records. */
function isRecordChange(leaves: readonly Leaf[]): boolean {
  const outer = (name: RegExp, text: RegExp) =>
    leaves.some((leaf) => leaf.parents.length === 0 && name.test(leaf.key) && text.test(leaf.text))
  return outer(/^(?:event|action)$/, /^(?:created|updated|deleted)$/i) && outer(/^(?:model|objecttype)$/, /./)
}

/** Keys that say how bad or of what kind it is far more often than whether it is over. */
const weakStatusKeys = new Set(['type', 'trigger', 'action', 'alerttype', 'triggertype', 'result'])

function statusOf(key: string, value: unknown): AlertStatus | null {
  const status = readStatus(value)
  if (!weakStatusKeys.has(key)) return status
  return status !== 'info' && typeof value === 'string' && value.length <= 40 ? status : null
}

/** A field that says how bad it is, then `[P2]` at the head of the title; null when nothing does. */
export function readAnySeverity(leaves: readonly Leaf[], title: string): Severity | null {
  const leaf = findLeaf(leaves, severities, (one) => severityOf(one) !== null)
  if (leaf) return severityOf(leaf)
  const bracketed = /^\W{0,4}(\w{1,14})\W/.exec(title)?.[1]
  // A state may be told in words of severity: `HOSTSTATE=critical`.
  const state = leaves.find(
    ({ key, text }) => /(?:status|state)$/.test(key) && /^(?:critical|warning|major|minor)$/i.test(text),
  )
  return readSeverity(bracketed) ?? readSeverity(state?.text) ?? readPluginSeverity(leaves)
}

/** `CRITICAL: lag is 900`, `DISK WARNING - 91 % used`: how plugins of Nagios and its kin begin their output. */
function readPluginSeverity(leaves: readonly Leaf[]): Severity | null {
  for (const { key, text } of leaves) {
    const word = /output$/.test(key) ? /^(?:\w{1,20} )?(critical|warning)\b *[:–-]/i.exec(text)?.[1] : undefined
    if (word !== undefined) return readSeverity(word)
  }
  return null
}

const numbered = new Set(['severity', 'sev', 'priority', 'alertpriority', 'urgency'])

function severityOf({ key, value }: Leaf): Severity | null {
  return readSeverity(value) ?? (numbered.has(key) ? readPriority(value) : key === 'level' ? readLogLevel(value) : null)
}

/** The first line, without chat markup: `*<https://x|Name>*` is `Name`. */
function headline(text: string): string {
  const head = text.slice(0, 1200).split('\n', 1)[0] ?? ''
  return (
    head.replace(/<(?:https?:[^|>\s]{0,500})\|([^>]{1,300})>/g, '$1').replace(/^[*_~`>\s]+|[*_~`\s]+$/g, '') || head
  )
}
