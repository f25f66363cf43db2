import type { Asset } from '../alert.ts'
import { assetIn, assetKeyOf, assetOf, canonicalName, taskAsset } from './asset.ts'
import { behindStateMark } from './build-alert.ts'
import { kubernetesObject, templateName } from './kubernetes-object.ts'
import { findLeaf, isBefore, type Leaf, ranked, sampleCost } from './leaves.ts'
import { isOpaque, isTitle, nameOfAlert } from './meaning.ts'
import { thingKeyOf } from './thing-keys.ts'

/** What checks are called: where no thing is named, the check stands for what it watches. */
const checkNames = ranked(`
  checkname monitorname monitorfriendlyname validatorname alarmname alertname alertrule rulename conditionname policyname searchname healthrulename testname
  eventdefinitiontitle monitor check rule`)

/**
 * The most telling key that names a thing: `table` before `host` before `project`, the outer before the inner one; one
 * that the title speaks of before others.
 */
export function readAnyAsset(leaves: readonly Leaf[], title = ''): Asset | null {
  const dag = leaves.find(({ key }) => key === 'dagid') ?? leaves.find(({ key }) => key === 'dag')
  const task = leaves.find(({ key }) => key === 'taskid') ?? (dag && leaves.find((leaf) => isTaskOf(dag, leaf)))
  if (dag && task) return taskAsset(dag.text, task.text)
  const cron = leaves.find(({ key }) => cronKeys.has(key))
  if (cron) return assetOf('job', cron.text)
  const object = kubernetesObject(leaves) ?? nameInSchema(leaves)
  if (object) return object
  let best: { leaf: Leaf; kind: Asset['kind']; cost: number } | null = null
  for (const leaf of leaves) {
    if (leaf.distance >= sampleCost) continue
    const named = thingKeyOf(leaf.key)
    const found = named ?? assetAbove(leaf) ?? checkedUrl(leaf) ?? member(leaf) ?? sensuClient(leaf, leaves)
    if (!found || !isName(leaf, found.kind, leaves)) continue
    const cost =
      found.rank +
      6 * leaf.parents.length +
      (named ? 0 : 4) +
      (leaf.key === 'id' || isOpaque(leaf.text) ? 60 : 0) -
      (speaksOf(title, leaf.text) ? 40 : 0)
    if (best === null || cost < best.cost || (cost === best.cost && isBefore(leaf, best.leaf)))
      best = { leaf, kind: found.kind, cost }
  }
  if (best === null) return null
  const { leaf, kind } = best
  if (leaf.key === 'where' && isQualified(leaf.text)) return assetOf('table', leaf.text)
  const table = kind === 'table' ? tableBeside(leaf, leaves) : null
  // What an exit handler of Argo calls a workflow is the name of one run.
  const isArgo = leaf.compound === 'workflowname'
  return table ?? assetOf(kind, isArgo ? templateName(leaf.text) : hostOfUrl(leaf.text))
}

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
  if (text.length > 300 || typeof value === 'boolean' || /^\d+$/.test(text)) return false
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

/** A thing that a title names without saying what it is: a table by its full name, or the host of a cron. */
export function readTitleThing(title: string): Asset | null {
  // `Cron <oracle@db-1> /scripts/vacuum.sh`: what cron writes above its mails.
  const host = /\bCron <[^@\s>]{1,64}@([\w.-]{1,200})>/.exec(title)?.[1]
  if (host !== undefined) return assetOf('host', host)
  const told = title
    .slice(0, 300)
    .split(/[\s,;:()'"`<>|]+/)
    .find((word) => isFullName(word.replace(/\.$/, '')))
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
