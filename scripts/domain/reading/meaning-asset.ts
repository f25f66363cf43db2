import type { Asset } from '../alert.ts'
import { assetIn, assetInText, assetKeyOf, assetOf, canonicalName, taskAsset } from './asset.ts'
import { checkNames, readTitleThing } from './asset-without-key.ts'
import { kubernetesObject, templateName } from './kubernetes-object.ts'
import { isBefore, type Leaf, sampleCost } from './leaves.ts'
import { isOpaque } from './meaning-name.ts'
import { thingKeyAtEnd, thingKeyOf } from './thing-keys.ts'
import { hostOfUrl, isQualified, isThingName, notThings, stages } from './thing-names.ts'

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
  const passing = new Set(leaves.filter(({ key }) => timely.test(key)).map(({ text }) => text))
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
    // What is another one each time names nothing, wherever it stands.
    if (!found || passing.has(leaf.text) || !isName(leaf, found.kind, leaves)) continue
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

/** What the words speak of, under whatever key it stands: `repositoryName: Lake` of "Repository 'Lake' is full". */
function mentioned(leaf: Leaf, title: string, told: string): ReturnType<typeof assetKeyOf> {
  const { key, value, text, distance } = leaf
  if (typeof value !== 'string' || distance >= 100 || notThings.test(key) || text === title) return null
  if (checkNames.has(key) || checkNames.has(leaf.compound) || !isThingName(text)) return null
  return speaksOf(told, text) && text.length < told.length / 3 ? { kind: 'service', rank: mentionedRank } : null
}

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
