import type { Asset } from '../alert.ts'
import { assetIn, assetKeyOf, assetOf, canonicalName, taskAsset } from './asset.ts'
import { behindStateMark } from './build-alert.ts'
import { findLeaf, type Leaf, ranked } from './leaves.ts'
import { isTitle } from './meaning.ts'

/** What checks are called: where no thing is named, the check stands for what it watches. */
const checkNames = ranked(`
  checkname monitorname monitorfriendlyname alarmname alertname alertrule rulename conditionname policyname searchname healthrulename testname
  eventdefinitiontitle rule check monitor`)

/**
 * The most telling key that names a thing: `table` before `host` before `project`, the outer before the inner one; one
 * that the title speaks of before others.
 */
export function readAnyAsset(leaves: readonly Leaf[], title = ''): Asset | null {
  const dag = leaves.find(({ key }) => key === 'dagid')
  const task = leaves.find(({ key }) => key === 'taskid')
  if (dag && task) return taskAsset(dag.text, task.text)
  let best: { leaf: Leaf; kind: Asset['kind']; cost: number } | null = null
  for (const leaf of leaves) {
    if (leaf.text.length > 300 || typeof leaf.value === 'boolean' || /^\d+$/.test(leaf.text)) continue
    const named = assetKeyOf(leaf.key)
    const parent = leaf.parents.at(-1)
    const above =
      /^(?:name|id|displayname|summary|title)$/.test(leaf.key) && parent !== undefined ? assetKeyOf(parent) : null
    const found = named ?? above ?? checkedUrl(leaf) ?? sensuClient(leaf, leaves)
    if (!found || canonicalName(found.kind, leaf.text) === null) continue
    const cost =
      found.rank +
      6 * leaf.parents.length +
      (named ? 0 : 4) +
      (leaf.key === 'id' || isOpaque(leaf.text) ? 60 : 0) -
      (speaksOf(title, leaf.text) ? 30 : 0)
    if (best === null || cost < best.cost) best = { leaf, kind: found.kind, cost }
  }
  if (best === null) return null
  return (
    (best.kind === 'table' ? tableBeside(best.leaf, leaves) : null) ?? assetOf(best.kind, hostOfUrl(best.leaf.text))
  )
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
  return assetIn(Object.fromEntries(beside.map(({ key, text }) => [key, text])))
}

/** `monitor: {name}`, `check_name`: what a check is called is the best name there is for what it watches. */
export function readCheckedThing(leaves: readonly Leaf[]): Asset | null {
  const parents = /^(?:monitor|check|test|rule)$/
  const leaf =
    leaves.find(
      ({ key, parents: above, text }) => key === 'name' && parents.test(above.at(-1) ?? '') && !isOpaque(text),
    ) ?? findLeaf(leaves, checkNames, (one) => isTitle(one) && !isOpaque(one.text))
  const thing = leaf?.text ?? nameOfAlert(leaves)
  return thing === null ? null : assetOf('service', thing)
}

/** `name` beside the id of an alert or of its rule is what the check is called. */
function nameOfAlert(leaves: readonly Leaf[]): string | null {
  const outer = leaves.filter(({ parents }) => parents.length === 0)
  const hasId = outer.some(({ key }) => /^(?:alert|monitor|rule|check)id$/.test(key))
  return (hasId && outer.find((leaf) => leaf.key === 'name' && isTitle(leaf))?.text) || null
}

/** `[FIRING] Orders API`: behind a mark of the state stands what the check is called. */
export function readMarkedThing(title: string): Asset | null {
  const name = behindStateMark(title)
  return name === null || name.length > 100 ? null : assetOf('service', name)
}

/** Sensu calls a machine that it watches a client, and its address stands beside its name. */
function sensuClient({ key, parents }: Leaf, leaves: readonly Leaf[]): ReturnType<typeof assetKeyOf> {
  if (key !== 'name' || parents.join() !== 'client') return null
  return leaves.some((leaf) => leaf.key === 'address' && leaf.parents.join() === 'client') ? assetKeyOf('host') : null
}

/** A machine's id, by which no person knows anything. */
function isOpaque(text: string): boolean {
  return /^[\da-f-]{16,}$/i.test(text)
}

/** What a check asks: `monitor: {url}`. */
function checkedUrl({ key, parents }: Leaf): ReturnType<typeof assetKeyOf> {
  return key === 'url' && /^(?:monitor|check|checkparams|test)$/.test(parents.at(-1) ?? '')
    ? assetKeyOf('fullurl')
    : null
}

function hostOfUrl(text: string): string {
  return /^https?:\/\/(?:[^@/\s]*@)?([^/:\s?#]+)/i.exec(text)?.[1] ?? text
}
