import { assetKeyOf } from './asset.ts'
import { withoutTags } from './chat-message.ts'
import { findLeaf, isPast, type Leaf, ranked } from './leaves.ts'
import { dedupKeys } from './meaning-identity.ts'
import { accounts, isTitle, nameOfThing, runs, scales, someName, toldKey } from './meaning-name.ts'
import { readFailureWord, readOutcome } from './meaning-outcome.ts'
import { readSaid } from './meaning-said.ts'
import { eventOf, findSentence, outcomeInWords, severityInWords, troubleOf } from './meaning-trouble.ts'
import { readStatus } from './status.ts'
import { readTime } from './time.ts'

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
export const place = /^(?:prod|live|stag|pre|dev|test|qa|uat|int|sandbox|demo|local)/i

const categories = ranked(
  'category alertcategory alerttype checktype conditiontype metrictype metricname metric testname alertname reason',
)

/** Keys under which a word without a blank is the name of an event: `sync.failed`, `alert_cleared`. */
const eventKeys = new Set('event eventname trigger detailtype eventtypecode'.split(' '))

const nameKeys = /^(?:name|displayname|summary|description)$/

/** Objects whose name says what is wrong, or what is checked. */
const matters =
  /(?:alert|incident|issue|problem|alarm|violation|rule|monitor|check|condition|event|policy|detector|search|query|question|validator|test|item|fault|anomaly|trigger)(?:group|created|updated|v\d)*$/

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
export function headline(text: string): string {
  const head = text.slice(0, 1200).split('\n', 1)[0] ?? ''
  return (
    withoutTags(head)
      .replace(/<(?:https?:[^|>\s]{0,500})\|([^>]{1,300})>/g, '$1')
      .replace(/^\s*(?::[a-z\d_+-]{1,40}:\s*){1,5}/, '')
      .replace(/^[*_~`>\s]+|[*_~`\s]+$/g, '') || head
  )
}
