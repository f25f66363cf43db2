import type { Asset } from '../alert.ts'
import { assetKeyOf } from './asset.ts'
import { checkFromTitle } from './build-alert.ts'
import { readCategory } from './category.ts'
import { withoutTags } from './chat-message.ts'
import { findLeaf, isBefore, isPast, type Leaf, ranked, rankOf } from './leaves.ts'
import { readFailureWord, readOutcome } from './meaning-outcome.ts'
import { readSaid } from './meaning-status.ts'
import { readSeverity } from './severity.ts'
import { readStatus } from './status.ts'
import { thingKeyOf } from './thing-keys.ts'
import { readTime } from './time.ts'
import { wordsOf } from './value.ts'

/** What is wrong, in words; names of entities after the names of titles, long texts last. */
const titles = ranked(`
  title alerttitle problemtitle eventtitle issuetitle messagetitle incidenttitle alarmtitle subject headline incidentname alertname alertrule rulename
  searchname savedsearchname monitorname checkname alarmname sensorname conditionname healthrulename policyname alertpolicy alertpolicyname monitorfriendlyname violationname summary
  eventname name displayname entitydisplayname humanreadable detailtype eventtypecode sensor trigger monitor check rule alert alarm condition problem issue
  incident eventmessage evaluatedmessage event message textpayload text msg statemessage description body reason error errormessage errormsg err exception
  exceptionmessage rootexception exc output details content info what metricname metric`)
const descriptions = ranked(`
  description body message textpayload text eventmessage msg statemessage messagebody alertdetails details longdescription output errormessage errormsg error
  newstatereason resultdescription reason statereason summary info content subject`)
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
const environments = ranked('environment env stage deployenvironment environmentname')
/** A stage is as often one of a run: `stage: extraction`. */
const place = /^(?:prod|live|stag|pre|dev|test|qa|uat|int|sandbox|demo|local)/i
/** Keys that a monitor made to be the identity of a condition. */
const dedupKeys = ranked(
  'dedupkey deduplicationkey dedupekey incidentkey alertkey messagekey aggregationkey fingerprint',
)
/** Keys that name what is checked; its asset is part of the identity too. */
const checks = ranked(`
  ruleid alertruleid checkid monitorid conditionid alarmarn detectorid definitionid eventdefinitionid alertdefinitionid alertconfigid savedsearchid
  sensorid questionid syncid alertname alertrule rulename checkname monitorname alarmname conditionname policyname searchname
  script process healthrulename testname validatorid validatorname questionname sensor rule check monitor alert checkurl`)
const categories = ranked(
  'category alertcategory alerttype checktype conditiontype metrictype metricname metric testname alertname reason',
)

/** A title is text with a letter in it; no link, and no single word that only tells the state. */
export function isTitle({ key, value, text }: Leaf): boolean {
  if (typeof value !== 'string' || !/\p{L}/u.test(text.slice(0, 400)) || /^https?:\/\/\S+$/i.test(text)) return false
  const status = !stateKeys.has(key) || wordsOf(text.slice(0, 80)).length > 1 ? null : readStatus(text)
  return status === null || (status === 'info' && accounts.has(key))
}

/** Keys that hold a title as often as a state. */
const stateKeys = new Set(
  'trigger event eventname alert alarm check problem reason body info content message msg text textpayload description summary statemessage output'.split(
    ' ',
  ),
)
/** Keys under which a word without a blank is the name of an event: `sync.failed`, `alert_cleared`. */
const eventKeys = new Set('event eventname trigger detailtype eventtypecode'.split(' '))
/** Objects that name a step of a scale: `severity: {name: Major}`. */
const scales = /(?:status|state|severity|priority|urgency|impact|type)$/
const nameKeys = /^(?:name|displayname|summary|description)$/
/** Objects whose name says what is wrong, or what is checked. */
const matters =
  /(?:alert|incident|issue|problem|alarm|violation|rule|monitor|check|condition|event|policy|detector|search|query|question|validator|test|item|fault|anomaly|trigger)(?:group|created|updated|v\d)*$/
/** Keys that tell how it went this time, so that they differ from one time to the next. */
const accounts = new Set(
  'eventmessage message textpayload text msg statemessage description body details content info'.split(' '),
)
const causes = new Set(
  'reason error errormessage errormsg err exc exception exceptionmessage rootexception output result cause'.split(' '),
)

/** What a metric is called is told with what it was measured of. */
const metrics = new Set(['metric', 'metricname'])

const eventCost = 60
const thingCost = 70
/** `dashboard: {title}` is the title of a thing; a name beside it says more. */
const titleOfThingCost = 40

/** `service: {name}` names a thing, not what is wrong with it; an event's name is better than nothing. */
function titleCost({ key, parent, text }: Leaf): number {
  if (eventKeys.has(key) && !/\s/.test(text)) return eventCost
  if (key === 'title' && assetKeyOf(parent) !== null) return titleOfThingCost
  if (parent === '' || !nameKeys.test(key)) return 0
  if (scales.test(parent)) return 200
  const asset = assetKeyOf(parent)
  if (asset === null && matters.test(parent)) return key === 'name' ? -12 : 0
  return asset !== null || key === 'name' ? thingCost + (asset?.rank ?? 150) / 100 : 0
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
  /** What the title is worth as the name of a condition: a thing's own name, a title, an account or a cause of this time. */
  from: 'name' | 'title' | 'account' | 'cause' | null
}

/** Finds the words of a document by the many names they go under. */
export function readWording(leaves: readonly Leaf[]): Wording {
  const titleLeaf =
    findLeaf(leaves, titles, (leaf) => isTitle(leaf) && !isPast(leaf), titleCost) ??
    findLeaf(leaves, titles, isTitle, titleCost)
  const text = (names: ReadonlyMap<string, number>) => findLeaf(leaves, names)?.text ?? null
  const described = findLeaf(leaves, descriptions, (leaf) => isTitle(leaf) && leaf !== titleLeaf)
  return {
    ...titled(leaves, titleLeaf),
    description: (described ?? titleLeaf)?.text ?? null,
    category: text(categories),
    environment: findLeaf(leaves, environments, ({ key, text }) => key !== 'stage' || place.test(text))?.text ?? null,
    external_id: text(ids),
    url: findLeaf(leaves, links, ({ text }) => /^https?:\/\//i.test(text))?.text ?? null,
  }
}

/** The title; where only things and events are named, the thing with what became of it: `load_orders: FAILED`. */
function titled(leaves: readonly Leaf[], leaf: Leaf | null): Pick<Wording, 'title' | 'from'> {
  const cost = leaf === null ? thingCost : titleCost(leaf)
  const thing = cost >= eventCost || leaf?.key === 'description' ? nameOfThing(leaves) : null
  // What a job is for says less than its name.
  const isJob = thing !== null && runs.has(assetKeyOf(thing.compound)?.kind ?? assetKeyOf(thing.parent)?.kind ?? 'host')
  if (leaf !== null && cost < eventCost && !isJob) {
    const measured = metrics.has(leaf.key) ? nameOfThing(leaves) : null
    if (measured !== null && measured.text !== leaf.text)
      return { title: `${leaf.text} of ${headline(measured.text)}`, from: 'title' }
    if (isCause(leaf)) return { title: causeOf(leaf, leaves), from: 'cause' }
    const from = accounts.has(leaf.key) ? 'account' : 'title'
    return { title: headline(leaf.text), from }
  }
  const sentence = leaf === null || cost === eventCost ? findSentence(leaves) : null
  // What is told under a key that nobody knows is as often another thing each time.
  if (sentence !== null)
    return { title: headline(sentence.text), from: thing !== null && !toldKey.test(sentence.key) ? 'name' : 'title' }
  const name = thing ?? (cost === eventCost ? null : leaf) ?? someName(leaves)
  const event = eventOf(leaves) ?? troubleOf(leaves)
  if (name === null) {
    const title = leaf?.text ?? event?.text ?? outcomeInWords(leaves) ?? severityInWords(leaves)
    return title === undefined ? { title: null, from: null } : { title: headline(title), from: 'title' }
  }
  const state = readSaid(leaves)?.leaf.text ?? outcomeInWords(leaves)
  const said = cost === eventCost ? leaf?.text : (becameOf(event, name, state) ?? severityInWords(leaves))
  return { title: headline(name.text) + (said === undefined ? '' : `: ${said.slice(0, 80)}`), from: 'name' }
}

/** What became of a thing: its event, its state, or the one with the other where the event tells none: `backup failed`. */
function becameOf(event: Leaf | null, name: Leaf, state: string | undefined): string | undefined {
  if (event === null || event.text === state || event.text === name.text) return state
  return state === undefined || readStatus(event.text) !== null ? event.text : `${event.text} ${state}`
}

/** An error of a run, by whatever key: `error: {message}` is one as well. */
function isCause({ key, parent, compound }: Leaf): boolean {
  return causes.has(key) || (accounts.has(key) && (causes.has(compound) || causes.has(parent)))
}

/** Which run it was says more than its error alone; of one that is well again its error tells nothing. */
function causeOf(leaf: Leaf, leaves: readonly Leaf[]): string {
  const text = headline(leaf.text)
  const thing = nameOfThing(leaves)
  if (thing === null) return text
  const event = eventOf(leaves)
  const said = event !== null && readStatus(event.text) === 'resolved' ? event.text.slice(0, 80) : text
  return said.includes(thing.text) ? said : `${headline(thing.text)}: ${said}`
}

/** What kind of event it is, as one that names it writes it: `schema_change`, `check.down`; not what every alert is. */
function eventOf(leaves: readonly Leaf[]): Leaf | null {
  return findLeaf(
    leaves,
    kindsOfEvent,
    ({ text, value, parents }) =>
      typeof value === 'string' &&
      parents.length <= 2 &&
      text.length <= 80 &&
      !/^(?:alerts?|events?|notifications?|messages?|webhooks?)$/i.test(text) &&
      !isOpaque(text) &&
      /\p{L}{2}/u.test(text),
  )
}
const kindsOfEvent = ranked('eventtype event eventname')

/**
 * A text that says in words what is wrong, under a key of the sender's own: one that ends like those of titles
 * (`short_description`, `failure_summary`), else the outermost sentence.
 */
function findSentence(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    if (typeof leaf.value !== 'string' || leaf.distance >= 100 || isPast(leaf)) continue
    const isTold = toldKey.test(leaf.key)
    if (!isTold && unspoken.test(leaf.key)) continue
    const cost = leaf.distance + (isTold ? 0 : 30)
    if (cost > lowest || (cost === lowest && !isBefore(leaf, best)) || !isTitle(leaf)) continue
    const words = leaf.text.slice(0, 400).match(/\p{L}{2,}/gu)?.length ?? 0
    const isSentence = isTold ? words >= 2 : words >= 4 && /\p{L} \p{L}/u.test(leaf.text.slice(0, 400))
    if (!isSentence) continue
    best = leaf
    lowest = cost
  }
  return best
}
const toldKey =
  /(?:title|subject|headline|summary|description|desc|message|msg|text|reason|details|problem|issue|error|symptom|finding|observation)$/
const unspoken =
  /(?:id|url|uri|link|path|address|agent|query|sql|command|cmd|hint|runbook|team|owner|by|license|copyright|at|time|date|name|label|labels|tag|tags|key|token|scale|legend|schedule|window|signature)$/

/** A kind of trouble, told as the name of an event or as the kind of a thing's trouble: `schema_change`, `kind: drift`. */
function troubleOf(leaves: readonly Leaf[]): Leaf | null {
  const event = eventOf(leaves)
  if (event !== null) return readStatus(event.text) === 'firing' || isTroubleWord(event.text) ? event : null
  const kind = findLeaf(
    leaves,
    kindsOfTrouble,
    ({ value, parents, text }) => typeof value === 'string' && parents.length <= 1 && isTroubleWord(text),
  )
  return kind !== null && nameOfThing(leaves) !== null ? kind : null
}

function isTroubleWord(text: string): boolean {
  if (text.length > 80 || readStatus(text) !== null) return false
  return troubleWord.test(text) || readCategory([text.replace(/[._-]/g, ' ')]) !== 'unknown'
}
const kindsOfTrouble = ranked('alerttype issuetype problemtype checktype type kind category')
const troubleWord =
  /(?:^|[^a-z])(?:drift|anomaly|outlier|lag|delay|breach|violation|duplicates?|nulls?|outage|expir(?:ed|y|ing))(?![a-z])/i

/** What else may be a name, for a title that would be a bare state or event: `{actor: "scrape", status: "TIMED-OUT"}`. */
function someName(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  for (const leaf of leaves) {
    if (typeof leaf.value !== 'string' || leaf.parents.length > 1 || leaf.distance >= 100 || isPast(leaf)) continue
    if (best !== null && (best.distance < leaf.distance || (best.distance === leaf.distance && !isBefore(leaf, best))))
      continue
    if (unspoken.test(leaf.key) || toldKey.test(leaf.key) || noName.test(leaf.key)) continue
    if (!/^\p{L}[\p{L}\p{N}_./:-]{2,79}$/u.test(leaf.text) || /:\/\//.test(leaf.text) || isOpaque(leaf.text)) continue
    if (readStatus(leaf.text) === null && readSeverity(leaf.text) === null && readTime(leaf.text) === null) best = leaf
  }
  return best
}
const noName =
  /(?:event|type|kind|status|state|phase|level|severity|priority|urgency|category|class|version|region|zone|environment|env|stage|provider|platform|language|locale|timezone|format|method|channel|user|author|actorid|object|result|outcome|action|trigger|mode|unit|currency|country)$/

/** `severity: critical`: how bad it is, where little else is told. */
function severityInWords(leaves: readonly Leaf[]): string | undefined {
  const leaf = leaves.find(
    ({ key, text, parents }) =>
      parents.length <= 1 &&
      /^(?:alert)?(?:severity|sev|criticality)(?:level|name)?$/.test(key) &&
      /^(?:CRITICAL|HIGH|MEDIUM)$/.test(readSeverity(text) ?? ''),
  )
  return leaf && `${leaf.path.slice(leaf.path.lastIndexOf('.') + 1)}: ${leaf.text}`
}

/**
 * Whether there is anything that says what is wrong: a title, a sentence, a kind of trouble, a key made for it, a thing
 * and what became of it, or a word, a flag or an exit code of failure, whatever else is told.
 */
export function isTelling(leaves: readonly Leaf[]): boolean {
  if (findLeaf(leaves, titles, isWordy) !== null || findLeaf(leaves, dedupKeys) !== null) return true
  if (findSentence(leaves) !== null || troubleOf(leaves) !== null) return true
  const hints = leaves.some(({ key }) => /alert|alarm|threshold|anomal|violat|breach|incident|drift/.test(key))
  const outcome = readOutcome(leaves)
  if (outcome?.status === 'firing' || readFailureWord(leaves) !== null) return true
  const said = readSaid(leaves)
  // What has begun or is open is told of shops and tickets as well.
  const isQuiet = said === null ? outcome !== null : said.status !== 'firing'
  if (isQuiet && someName(leaves) !== null) return true
  const isSaid = outcome !== null || said !== null || severityInWords(leaves) !== undefined
  return (hints || isSaid) && nameOfThing(leaves) !== null
}

/** A metric has a name whether or not anything is wrong with it. */
function isWordy(leaf: Leaf): boolean {
  return leaf.key !== 'metric' && isTitle(leaf)
}

/** `verdict: MISMATCH`, `exit code: 3`, where nothing has a name and nothing is said in words. */
function outcomeInWords(leaves: readonly Leaf[]): string | undefined {
  const outcome = readOutcome(leaves)
  const leaf = outcome?.status === 'firing' ? outcome.leaf : (readFailureWord(leaves) ?? outcome?.leaf)
  return leaf && `${leaf.path.slice(leaf.path.lastIndexOf('.') + 1)}: ${leaf.text}`
}

/** The identity that a monitor states: a key made for it, or what is checked; null when it states none. */
export function readIdentity(
  leaves: readonly Leaf[],
  { title, from }: Pick<Wording, 'title' | 'from'>,
  asset: Asset | null,
): { check: string; identity: 'check' | 'check_and_asset' } | null {
  const place = instanceOf(leaves)
  const key = findLeaf(leaves, dedupKeys)
  if (key) return { check: key.text, identity: 'check' }
  const check = findLeaf(leaves, checks) ?? nameOfAlert(leaves)
  // A name of several words may hold a value or a state; an id is kept to the digit.
  if (check) {
    const name = /\s/.test(check.text) ? checkFromTitle(check.text) : check.text
    return {
      check: `${checks.has(check.compound) ? check.compound : check.key}=${name}${place}`,
      identity: 'check_and_asset',
    }
  }
  const event = asset === null || from === 'title' ? null : runEvent(leaves)
  if (event !== null) return { check: `event=${event}${place}`, identity: 'check_and_asset' }
  // What is told of a run is another thing each time, and one condition: it failed.
  const isRun =
    from === 'name' ||
    from === 'cause' ||
    (asset !== null && isProcess(leaves)) ||
    (from === 'account' && asset !== null && runs.has(asset.kind))
  if (asset !== null && isRun) return { check: `run${place}`, identity: 'check_and_asset' }
  return from === 'name'
    ? { check: `name=${(nameOfThing(leaves) ?? someName(leaves))?.text ?? title}`, identity: 'check_and_asset' }
    : null
}

/** Whether an exit code tells of a process that ran. */
function isProcess(leaves: readonly Leaf[]): boolean {
  return readOutcome(leaves)?.leaf.key.match(/^(?:rc|retcode|returncode|exitcode|exitstatus)$/) != null
}

/** Several of these run pipelines of the same names: `prod` and `test`. Empty when none is named, else on a line of its own. */
export function instanceOf(leaves: readonly Leaf[]): string {
  const leaf = findLeaf(leaves, instances)
  return leaf === null ? '' : `\n${leaf.text}`
}
const instances = ranked('datafactoryname datafactory factoryname')

/** What an event is called that tells how a run went, without how: `DatasourceRefreshFailed` is `datasource refresh`. */
function runEvent(leaves: readonly Leaf[]): string | null {
  const leaf = findLeaf(
    leaves,
    events,
    ({ text }) => text.length <= 80 && !/\s/.test(text) && readStatus(text) !== null,
  )
  if (leaf === null) return null
  const stem = wordsOf(leaf.text).filter((word) => readStatus(word) === null)
  return stem.some((word) => runWords.has(word)) ? stem.join(' ') : null
}
const events = ranked('eventtype event eventname')
const runWords = new Set(
  'refresh sync run job load build extract task pipeline backup export import snapshot model replication'.split(' '),
)

const runs = new Set<Asset['kind']>(['dag', 'task', 'job', 'connector', 'model', 'dashboard'])

/** `name` beside the id of an alert or of its rule is what the check is called. */
export function nameOfAlert(leaves: readonly Leaf[]): Leaf | null {
  const outer = leaves.filter(({ parents }) => parents.length === 0)
  const hasId = outer.some(({ key }) => /^(?:alert|monitor|rule|check|policy)id$/.test(key))
  return (hasId && outer.find((leaf) => leaf.key === 'name' && isTitle(leaf))) || null
}

/** What the thing or the check is called that the document speaks of; null when nothing has a name. */
export function nameOfThing(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    if (!/(?:name|label|alias)$/.test(leaf.key) && thingKeyOf(leaf.key) === null) continue
    if (leaf.distance >= 100 || scales.test(leaf.parent) || people.test(leaf.key)) continue
    if (!isTitle(leaf) || isOpaque(leaf.text)) continue
    const asset = thingKeyOf(leaf.key) ?? thingKeyOf(leaf.parent)
    const cost = leaf.distance + (rankOf(leaf, checks) !== undefined ? 0 : (asset?.rank ?? 150))
    if (cost < lowest || (cost === lowest && isBefore(leaf, best))) {
      best = leaf
      lowest = cost
    }
  }
  return best
}

/** Keys of those who made or watch a thing. */
const people = /(?:creator|owner|user|author|team|organization|account|by)(?:name)?$/

/** A machine's id, by which no person knows anything. */
export function isOpaque(text: string): boolean {
  return (
    /^[\da-f-]{16,}$/i.test(text) ||
    (/^[A-Za-z\d]{12,40}$/.test(text) && /\d/.test(text) && /[a-z][A-Z]|[A-Z][a-z]+[A-Z\d]|\d[a-z]+\d/.test(text))
  )
}

/** When it began and when it ended, as far as a field says so that can be read as a time. */
export function readTimes(leaves: readonly Leaf[]): { started_at: unknown; ended_at: unknown } {
  const isTime = ({ value }: Leaf) => readTime(value) !== null
  // `component: {created_at}` tells when the thing was made.
  const madeCost = ({ key, parent }: Leaf) => (key.startsWith('created') && assetKeyOf(parent) !== null ? 30 : 0)
  return {
    started_at: findLeaf(leaves, starts, isTime, madeCost)?.value,
    ended_at: findLeaf(leaves, ends, isTime)?.value,
  }
}

/** The first line, without chat markup: `*<https://x|Name>*` is `Name`. */
function headline(text: string): string {
  const head = text.slice(0, 1200).split('\n', 1)[0] ?? ''
  return (
    withoutTags(head)
      .replace(/<(?:https?:[^|>\s]{0,500})\|([^>]{1,300})>/g, '$1')
      .replace(/^\s*(?::[a-z\d_+-]{1,40}:\s*){1,5}/, '')
      .replace(/^[*_~`>\s]+|[*_~`\s]+$/g, '') || head
  )
}
