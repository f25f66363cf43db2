import type { Asset } from '../alert.ts'
import { assetOf } from './asset.ts'
import { behindStateMark } from './build-alert.ts'
import { findLeaf, isBefore, type Leaf, ranked } from './leaves.ts'
import { isOpaque, isTitle, nameOfAlert } from './meaning-name.ts'
import { hostOfUrl, isFullName, isThingName, modelled, notThings } from './thing-names.ts'

/** What checks are called: where no thing is named, the check stands for what it watches. */
export const checkNames = ranked(`
  checkname monitorname monitorfriendlyname validatorname alarmname alertname alertrule rulename conditionname policyname searchname healthrulename testname
  eventdefinitiontitle monitor check rule`)

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

/** Words in the name of a check, which is no thing's. */
const checkWords =
  /(?:^|[-_.:/])(?:high|low|usage|lag|errors?|failed|failures?|late|missing|alert|alarm|check|test|rate|latency|down|slow|count|anomaly|too|is|not)(?:$|[-_.:/])/i
