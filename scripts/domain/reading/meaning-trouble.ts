import { readCategory } from './category.ts'
import { findLeaf, isBefore, isPast, type Leaf, ranked } from './leaves.ts'
import { isOpaque, isTitle, nameOfThing, toldKey, unspoken } from './meaning-name.ts'
import { readFailureWord, readOutcome } from './meaning-outcome.ts'
import { readSeverity } from './severity.ts'
import { readStatus } from './status.ts'

/** What kind of event it is, as one that names it writes it: `schema_change`, `check.down`; not what every alert is. */
export function eventOf(leaves: readonly Leaf[]): Leaf | null {
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
export function findSentence(leaves: readonly Leaf[]): Leaf | null {
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

/** A kind of trouble, told as the name of an event or as the kind of a thing's trouble: `schema_change`, `kind: drift`. */
export function troubleOf(leaves: readonly Leaf[]): Leaf | null {
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

/** `severity: critical`: how bad it is, where little else is told. */
export function severityInWords(leaves: readonly Leaf[]): string | undefined {
  const leaf = leaves.find(
    ({ key, text, parents }) =>
      parents.length <= 1 &&
      /^(?:alert)?(?:severity|sev|criticality)(?:level|name)?$/.test(key) &&
      /^(?:CRITICAL|HIGH|MEDIUM)$/.test(readSeverity(text) ?? ''),
  )
  return leaf && `${leaf.path.slice(leaf.path.lastIndexOf('.') + 1)}: ${leaf.text}`
}

/** `verdict: MISMATCH`, `exit code: 3`, where nothing has a name and nothing is said in words. */
export function outcomeInWords(leaves: readonly Leaf[]): string | undefined {
  const outcome = readOutcome(leaves)
  const leaf = outcome?.status === 'firing' ? outcome.leaf : (readFailureWord(leaves) ?? outcome?.leaf)
  return leaf && `${leaf.path.slice(leaf.path.lastIndexOf('.') + 1)}: ${leaf.text}`
}
