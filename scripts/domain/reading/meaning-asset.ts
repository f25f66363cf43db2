import type { Asset } from '../alert.ts'
import { assetIn, assetInText, assetKeyOf, assetOf, canonicalName, taskAsset } from './asset.ts'
import { behindStateMark } from './build-alert.ts'
import { kubernetesObject, templateName } from './kubernetes-object.ts'
import { findLeaf, isBefore, type Leaf, ranked, sampleCost } from './leaves.ts'
import { isOpaque, isTitle, nameOfAlert } from './meaning.ts'
import { readStatus } from './status.ts'
import { thingKeyAtEnd, thingKeyOf } from './thing-keys.ts'

/** What checks are called: where no thing is named, the check stands for what it watches. */
const checkNames = ranked(`
  checkname monitorname monitorfriendlyname validatorname alarmname alertname alertrule rulename conditionname policyname searchname healthrulename testname
  eventdefinitiontitle monitor check rule`)

/**
 * The most telling key that names a thing: `table` before `host` before `project`, the outer before the inner one; one
 * that the title speaks of before others. What only holds things (a project, a cluster) yields to a thing that the
 * words name, and `isTold` says that it is by words alone.
 */
export function readThing(
  leaves: readonly Leaf[],
  { title, told }: { title: string; told: string },
): { asset: Asset | null; isTold: boolean } {
  const keyed = readKeyedThing(leaves, title, told)
  const spoken = keyed === null || keyed.isHolder ? (assetInText(told) ?? readTitleThing(title)) : null
  return { asset: spoken ?? keyed?.asset ?? null, isTold: spoken !== null }
}

/** The thing that keys name, or words where keys name only what holds it. */
export function readAnyAsset(leaves: readonly Leaf[], title: string): Asset | null {
  return readThing(leaves, { title, told: title }).asset
}

function readKeyedThing(
  leaves: readonly Leaf[],
  title: string,
  told: string,
): { asset: Asset | null; isHolder: boolean } | null {
  const certain = (asset: Asset | null) => ({ asset, isHolder: false })
  const dag = leaves.find(({ key }) => key === 'dagid') ?? leaves.find(({ key }) => key === 'dag')
  const task = leaves.find(({ key }) => key === 'taskid') ?? (dag && leaves.find((leaf) => isTaskOf(dag, leaf)))
  if (dag && task) return certain(taskAsset(dag.text, task.text))
  const cron = leaves.find(({ key }) => cronKeys.has(key))
  if (cron) return certain(assetOf('job', cron.text))
  const object = kubernetesObject(leaves) ?? nameInSchema(leaves)
  if (object) return certain(object)
  let best: { leaf: Leaf; kind: Asset['kind']; rank: number; cost: number } | null = null
  for (const leaf of leaves) {
    if (leaf.distance >= sampleCost) continue
    const named =
      thingKeyOf(leaf.key) ?? (/^\p{L}/u.test(leaf.text) && !isOpaque(leaf.text) ? thingKeyAtEnd(leaf.key) : null)
    const found =
      named ??
      assetAbove(leaf) ??
      checkedUrl(leaf) ??
      member(leaf) ??
      sensuClient(leaf, leaves) ??
      mentioned(leaf, title, told)
    if (!found || !isName(leaf, found.kind, leaves)) continue
    const cost =
      found.rank +
      6 * leaf.parents.length +
      (named ? 0 : 4) +
      (isOpaque(leaf.text) || (leaf.key === 'id' && !isSlug(leaf.text)) ? 60 : 0) +
      (/\d{8}/.test(leaf.text) ? 20 : 0) -
      (speaksOf(title, leaf.text) ? 40 : 0)
    if (best === null || cost < best.cost || (cost === best.cost && isBefore(leaf, best.leaf)))
      best = { leaf, kind: found.kind, rank: found.rank, cost }
  }
  if (best === null) return null
  const { leaf, kind } = best
  if (leaf.key === 'where' && isQualified(leaf.text)) return certain(assetOf('table', leaf.text))
  const table = kind === 'table' ? tableBeside(leaf, leaves) : null
  // What an exit handler of Argo calls a workflow is the name of one run.
  const isArgo = leaf.compound === 'workflowname'
  const asset = table ?? assetOf(kind, isArgo ? templateName(leaf.text) : hostOfUrl(leaf.text))
  return { asset, isHolder: best.rank >= holderRank && !speaksOf(told, leaf.text) }
}

/** From here on keys name what only holds things: sites, projects, clusters. */
const holderRank = assetKeyOf('sitename')?.rank ?? Number.POSITIVE_INFINITY

/** `sync-contacts`: an id that people gave. */
function isSlug(text: string): boolean {
  return /^[a-z]+(?:[-_.][a-z]+)+$/i.test(text)
}

/** Keys under which no thing is named, whatever is said of it. */
const notThings =
  /(?:status|state|severity|priority|urgency|impact|level|time|date|at|on|type|kind|category|environment|env|url|link|uri|title|headline|summary|subject|message|msg|description|text|body|content|details?|comment|note|reason|cause|error|exception|trace|user|username|owner|author|creator|team|organi[sz]ation|org|company|account|tenant|group|groupname|email|version|metric|metricname|metrictype|code|codename|rule|alert|check|monitor|policy|condition|event|eventname|action|method|source|vendor|provider|product|tags?|labels?|value|unit|operator|color|channel|channelname|region|zone|location|currency|timezone|token|class|classname|signature|fingerprint|key|path|query|expression|change|field|column|recipient|sender|from|to)$/

/** What the words speak of, under whatever key it stands: `repositoryName: Lake` of "Repository 'Lake' is full". */
function mentioned(leaf: Leaf, title: string, told: string): ReturnType<typeof assetKeyOf> {
  const { key, value, text, distance } = leaf
  if (typeof value !== 'string' || distance >= 100 || notThings.test(key) || text === title) return null
  if (checkNames.has(key) || checkNames.has(leaf.compound) || !isThingName(text)) return null
  return speaksOf(told, text) && text.length < told.length / 3 ? { kind: 'service', rank: mentionedRank } : null
}

/** A name, not a condition, a state, a date or a machine's id. */
function isThingName(text: string): boolean {
  return (
    text.length <= 80 &&
    /\p{L}/u.test(text) &&
    !/^\d{4}-\d\d/.test(text) &&
    text.split(/\s+/).length <= 4 &&
    !conditionWords.test(text) &&
    !stages.test(text) &&
    !isOpaque(text) &&
    readStatus(text) === null
  )
}
const conditionWords =
  /[<>=%]|\b(?:is|are|has|above|below|over|under|exceeds?|exceeded|high|low|too|not|lag|missing|late|stale|status|alerts?|rule|checks?|threshold|failed|failures?|errors?|usage|rate|latency)\b/i

/** Behind hosts and jobs, before what is only called an entity or a service. */
const mentionedRank = (assetKeyOf('monitorurl')?.rank ?? 0) + 0.5

/** What a run was started by on a schedule, where its own name is another each time: Argo's label among them. */
const cronKeys = new Set(['workflowsargoprojiocronworkflow', 'cronworkflow', 'cronworkflowname'])

/** `{db, schema, name}`: a name beside its schema is a table's. */
function nameInSchema(leaves: readonly Leaf[]): Asset | null {
  const name = leaves.find(({ key, parents }) => key === 'name' && parents.length > 0)
  if (name === undefined || /\s/.test(name.text)) return null
  const beside = leaves.filter(({ parents }) => parents.join('.') === name.parents.join('.'))
  if (!beside.some(({ key }) => key === 'schema' || key === 'schemaname')) return null
  return assetIn(Object.fromEntries(beside.map(({ key, text }) => [key === 'name' ? 'table' : key, text])))
}

/** `task` beside `dag`. */
function isTaskOf(dag: Leaf, { key, parents, value }: Leaf): boolean {
  return key === 'task' && typeof value === 'string' && parents.join() === dag.parents.join()
}

/** `service: {name}`, `services: [{name}]`. */
function assetAbove({ key, parent }: Leaf): ReturnType<typeof assetKeyOf> {
  if (parent === '' || !/^(?:name|id|displayname|fullname|qualifiedname|label|slug|summary|title)$/.test(key))
    return null
  return thingKeyOf(parent) ?? (parent.endsWith('s') ? thingKeyOf(parent.slice(0, -1)) : null)
}

function isName({ key, value, text }: Leaf, kind: Asset['kind'], leaves: readonly Leaf[]): boolean {
  if (text.length > 300 || typeof value === 'boolean' || /^\d+$/.test(text) || stages.test(text)) return false
  // A place in code.
  if (key === 'where' && /#|::|\(/.test(text)) return false
  // Another one each time, wherever it stands.
  if (leaves.some((leaf) => leaf.text === text && timely.test(leaf.key))) return false
  if (kind !== 'host' && kind !== 'service' && /^https?:/i.test(text)) return false
  // What a record is of, a yes or no, a step of a run's plan: nothing has them for a name.
  if (/^(?:incident|alert|alarm|issue|event|problem|notification)s?(?:[._]\w+)?$|^(?:yes|no|true|false)$/i.test(text))
    return false
  if (kind === 'job' && text.includes('->')) return false
  // dbt's unique ids hold the model's name; others hold none.
  if (key === 'uniqueid') return /^\w+\.\w+\./.test(text)
  // A run's id names nothing that is there tomorrow.
  if (isOpaque(text) && (kind === 'job' || kind === 'dag' || kind === 'task')) return false
  const name = /.id$/.test(key) ? `${key.slice(0, -2)}name` : null
  return canonicalName(kind, text) !== null && (name === null || !leaves.some((leaf) => leaf.key === name))
}

/** Where something runs, which is not what runs. */
const stages = /^(?:prod|production|prd|live|staging|stage|stg|dev|development|qa|uat|sandbox|preprod)$/i
const timely = /(?:run|execution|event|incident|alert|delivery|request|message)(?:id|uuid)$/

/** Whether a name stands in a title as a word of its own; short ones stand in anything. */
function speaksOf(title: string, name: string): boolean {
  const start = name.length < 4 ? -1 : title.indexOf(name)
  if (start < 0) return false
  const around = `${title[start - 1] ?? ' '}${title[start + name.length] ?? ' '}`
  return !/[\p{L}\p{N}_-]/u.test(around)
}

/** A table with the database and the schema that stand beside it. */
function tableBeside(table: Leaf, leaves: readonly Leaf[]): Asset | null {
  const beside = leaves.filter(({ parents }) => parents.join('.') === table.parents.join('.'))
  const found = assetIn(Object.fromEntries(beside.map(({ key, text }) => [key, text])))
  return found?.kind === 'table' ? found : null
}

/** `endpoint_name`, `Release: {Name}`: what is called a name of something, where no better key tells what it is. */
export function readNamedThing(leaves: readonly Leaf[], title: string): Asset | null {
  const isOfCheck = ({ key }: Leaf) => checkNames.has(key) && key.endsWith('name')
  const isBesideCheck = leaves.some((leaf) => leaf.parents.length === 0 && isOfCheck(leaf))
  let best: Leaf | null = null
  for (const leaf of leaves) {
    const { key, parents, compound, text, value, distance } = leaf
    // At the top a name is the alert's, unless its check has one of its own.
    const isNamed =
      key === 'name'
        ? parents.length > 0
          ? !notThings.test(leaf.parent) && !notThings.test(compound)
          : isBesideCheck
        : /name$/.test(key)
    if (!isNamed || notThings.test(key) || notThings.test(key.slice(0, -4)) || isOfCheck(leaf) || distance >= 100)
      continue
    if (typeof value !== 'string' || text === title || !isThingName(text)) continue
    if (best === null || distance < best.distance || (distance === best.distance && isBefore(leaf, best))) best = leaf
  }
  return best && assetOf('service', best.text)
}

/** `monitor: {name}`, `check_name`: what a check is called is the best name there is for what it watches. */
export function readCheckedThing(leaves: readonly Leaf[]): Asset | null {
  const leaf =
    findLeaf(leaves, checkNames, (one) => isTitle(one) && !isOpaque(one.text)) ??
    nameOfAlert(leaves) ??
    nameBesideRun(leaves)
  return leaf ? assetOf('service', leaf.text) : watchedUrl(leaves)
}

/** A name at the top, beside an object that tells of a run: `{name, build: {status}}`. */
function nameBesideRun(leaves: readonly Leaf[]): Leaf | undefined {
  const isRun = leaves.some(
    ({ key, parents }) =>
      /^(?:build|run|execution|jobrun|connector)$/.test(parents[0] ?? '') ||
      (parents.length === 0 && /^(?:jid|runid|endtime|finishedat|rootexception)$/.test(key)),
  )
  return isRun
    ? leaves.find(({ key, parents, value }) => key === 'name' && parents.length === 0 && typeof value === 'string')
    : undefined
}

/** What is asked by HTTP, where the body tells of an answer to it. */
function watchedUrl(leaves: readonly Leaf[]): Asset | null {
  const isAsked = leaves.some(({ key }) =>
    /^(?:http)?(?:statuscode|method|responsetime|responsecode)$|^checkrate$/.test(key),
  )
  const leaf = isAsked ? findLeaf(leaves, addresses, ({ text }) => /^https?:\/\//i.test(text)) : null
  return leaf && assetOf('host', hostOfUrl(leaf.text))
}
const addresses = ranked('requesturl targeturl endpoint target url uri')

/** `[FIRING] Orders API`: behind a mark of the state stands what the check is called. */
export function readMarkedThing(title: string): Asset | null {
  const name = behindStateMark(title)
  return name === null || name.length > 100 || /^(?:true|false|yes|no|\d+)$/i.test(name)
    ? null
    : assetOf('service', name)
}

/** What a rule was grouped by when it fired: `group: etl-worker-3`; a word alone is the name of a group of things. */
function member({ key, text }: Leaf): ReturnType<typeof assetKeyOf> {
  return key === 'group' && /^[\w.:-]*[\d.:-][\w.:-]*$/.test(text) ? assetKeyOf('namespace') : null
}

/** Sensu calls a machine that it watches a client, and its address stands beside its name. */
function sensuClient({ key, parents }: Leaf, leaves: readonly Leaf[]): ReturnType<typeof assetKeyOf> {
  if (key !== 'name' || parents.join() !== 'client') return null
  return leaves.some((leaf) => leaf.key === 'address' && leaf.parents.join() === 'client') ? assetKeyOf('host') : null
}

/** What a check asks: `monitor: {url}`. */
function checkedUrl({ key, parent }: Leaf): ReturnType<typeof assetKeyOf> {
  return /^(?:full)?url$/.test(key) && /^(?:monitor|check|checkparams|test)$/.test(parent)
    ? assetKeyOf('checkurl')
    : null
}

function hostOfUrl(text: string): string {
  return /^https?:\/\/(?:[^@/\s]*@)?([^/:\s?#]+)/i.exec(text)?.[1] ?? text
}

/** `sales.orders`, `mysql.shop.orders`; no address, no file, no package of Java. */
function isQualified(text: string): boolean {
  return (
    /^[a-z_][\w$]{0,100}(?:\.[a-z_][\w$]{0,100}){1,3}$/i.test(text) &&
    !/^(?:com|org|net|io|java|javax|www|https?)\.|\.(?:com|org|net|io|dev|app|local|internal|example|py|sql|ya?ml|json|csv|parquet|txt|log|gz|sh|ts|js|md|jar)$/i.test(
      text,
    )
  )
}

/** How data teams name tables by the layer they are in: `dim_supplier`, `fct_payouts`. */
const modelled = /^(?:dim|fct|fact|stg|raw|int|mart|agg|rpt|dwd|dws|ods|ads|src|bronze|silver|gold)_\w{2,100}$/i

/** A thing that a title names without saying what it is: a table by its full name, or the host of a cron. */
export function readTitleThing(title: string): Asset | null {
  // `Cron <oracle@db-1> /scripts/vacuum.sh`: what cron writes above its mails.
  const host = /\bCron <[^@\s>]{1,64}@([\w.-]{1,200})>/.exec(title)?.[1]
  if (host !== undefined) return assetOf('host', host)
  const told = title
    .slice(0, 300)
    .split(/[\s,;:()'"`<>|]+/)
    .find(
      (word, index, words) =>
        !/^(?:column|field|attribute)s?$/i.test(words[index - 1] ?? '') &&
        (isFullName(word.replace(/\.$/, '')) || modelled.test(word)),
    )
  return told === undefined ? null : assetOf('table', told.replace(/\.$/, ''))
}

/**
 * Where no key names a thing: a value that is written as a table's full name, or the one word that something with a
 * state is called.
 */
export function readUnnamedThing(leaves: readonly Leaf[]): Asset | null {
  const table = leaves.find(
    ({ key, value, text, distance }) =>
      typeof value === 'string' &&
      distance < 100 &&
      !/(?:version|type|class|event|module|logger|metric|exc|exception|action|rule|code|user)$/.test(key) &&
      isFullName(text),
  )
  if (table) return assetOf('table', table.text)
  const name = leaves.find(
    ({ key, parents, value }) => key === 'name' && parents.length === 0 && typeof value === 'string',
  )
  return name && /^[a-z\d]+(?:[-_.:/][a-z\d]+)+$/i.test(name.text) && !checkWords.test(name.text)
    ? assetOf('service', name.text)
    : null
}

function isFullName(text: string): boolean {
  return isQualified(text) && (text.split('.').length > 2 || /_/.test(text))
}

/** Words in the name of a check, which is no thing's. */
const checkWords =
  /(?:^|[-_.:/])(?:high|low|usage|lag|errors?|failed|failures?|late|missing|alert|alarm|check|test|rate|latency|down|slow|count|anomaly|too|is|not)(?:$|[-_.:/])/i
