import type { Asset } from '../alert.ts'
import { checkFromTitle } from './build-alert.ts'
import { findLeaf, type Leaf, ranked } from './leaves.ts'
import type { Wording } from './meaning.ts'
import { checks, nameOfAlert, nameOfThing, runs, someName } from './meaning-name.ts'
import { readOutcome } from './meaning-outcome.ts'
import { readStatus } from './status.ts'
import { wordsOf } from './value.ts'

/** Keys that a monitor made to be the identity of a condition. */
export const dedupKeys = ranked(
  'dedupkey deduplicationkey dedupekey incidentkey alertkey messagekey aggregationkey fingerprint',
)

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
