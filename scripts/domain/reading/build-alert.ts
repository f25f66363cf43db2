import type { Alert, AlertFact, AlertStatus, Asset, Category, Severity } from '../alert.ts'
import { fingerprint } from '../fingerprint.ts'
import { oneLine, plainText } from '../text.ts'
import { readTime } from './time.ts'
import { plainKey, textOf } from './value.ts'

/** What an adapter read, in whatever length and form it came. */
export interface AlertDraft {
  source: string
  /**
   * Names what is checked: a rule, a monitor, a test; never a delivery, a run or a value. Together with asset and
   * environment it is the identity of the condition; with `identity: 'check'` it is that alone, for keys that a
   * monitor made to be one.
   */
  check: string
  identity?: 'check' | 'check_and_asset'
  external_id?: string | null
  status: AlertStatus
  title: string | null
  description?: string | null
  /** Null when the monitor claims none; then it is MEDIUM, which neither pages nor drops. */
  severity: Severity | null
  category: Category
  environment?: string | null
  asset: Asset | null
  /** The instance that the asset lives in, as the payload names it; without it, what the labels say of a DAG. */
  system?: string | null
  /** In any form that `readTime` knows. */
  started_at?: unknown
  ended_at?: unknown
  url?: unknown
  labels?: Readonly<Record<string, unknown>>
  facts?: readonly AlertFact[]
}

const labelLimit = 64

/** The finished alert: cleaned, cut to size, with its fingerprint. Never throws, whatever was read. */
export function buildAlert(draft: AlertDraft, receivedAt: string): Alert {
  const environment = oneLine(draft.environment ?? '', 64).toLowerCase() || null
  const description = plainText(draft.description ?? '', 8000)
  const { source, check } = draft
  const system = draft.asset && systemOf(draft.asset, draft.system ?? null, draft.labels ?? {})
  const asset = draft.asset && system ? { ...draft.asset, system } : draft.asset
  const byCheckAlone = draft.identity === 'check'
  const read = fingerprint({ source, check, asset: byCheckAlone ? null : draft.asset, environment })
  const isMade = asset !== null && !byCheckAlone && plainText(check, longestCheck) === check
  return {
    source,
    external_id: oneLine(draft.external_id ?? '', 512) || null,
    fingerprint: isMade ? fingerprint({ source, check, asset, environment }) : read,
    status: draft.status,
    title:
      oneLine(withoutMentions(draft.title ?? ''), 300) || oneLine(description, 120) || `Alert from ${draft.source}`,
    description,
    severity: draft.severity ?? 'MEDIUM',
    category: draft.category,
    environment,
    asset,
    started_at: readTime(draft.started_at),
    ended_at: readTime(draft.ended_at),
    received_at: readTime(receivedAt),
    url: readUrl(draft.url),
    labels: readLabels(draft.labels ?? {}),
    facts: (draft.facts ?? []).slice(0, 20),
    ...(isMade ? { check } : {}),
    ...(isMade && system ? { read: { fingerprint: read, environment } } : {}),
  }
}

/** A longer one, or one with what is never shown in it, is no name; such an alert's identity stays as it was read. */
const longestCheck = 500

/** Where senders name the Airflow that a DAG lives in. What they call so of anything else may be whatever it likes. */
const systemKeys = new Set(['system', 'airflowsystem', 'airflowinstance', 'airflowname'])

function systemOf(asset: Asset, said: string | null, labels: Readonly<Record<string, unknown>>): string | null {
  if (asset.kind !== 'dag' && asset.kind !== 'task') return null
  const [, label] = Object.entries(labels).find(([key]) => systemKeys.has(plainKey(lastPartOf(key)))) ?? []
  const name = oneLine(said ?? textOf(label) ?? '', 65)
  return name.length <= 64 && !name.includes('://') ? name || null : null
}

function lastPartOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** `<!channel>`, `<@U0123>`: whom a message in Slack calls, by which no person knows anything. */
const mention = /<(?:!(?:channel|here|everyone|subteam\^\w{1,40})|@[A-Z\d]{5,40})(?:\|[^<>]{0,80})?>/g

function withoutMentions(title: string): string {
  return title.includes('<') ? title.slice(0, 1200).replace(mention, '') : title
}

/** An http(s) link; null for anything else (`javascript:`, `file:`, a path, a text). */
export function readUrl(value: unknown): string | null {
  const text = textOf(value)
  return text !== null && text.length <= 2048 && /^https?:\/\//i.test(text) && URL.canParse(text) ? text : null
}

/** Scalars as text, cleaned and cut; the first 64. */
function readLabels(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const labels: Record<string, string> = {}
  let count = 0
  for (const [key, value] of Object.entries(values)) {
    if (count >= labelLimit) break
    const name = oneLine(key, 128)
    const text = oneLine(textOf(value) ?? '', 1024)
    if (name === '' || name === '__proto__' || text === '') continue
    if (!Object.hasOwn(labels, name)) count += 1
    labels[name] = text
  }
  return labels
}

/** `[RESOLVED]`, `OK:`, `[FIRING:2]` at the head, also of a mail that was sent on. */
const stateMark =
  /^(?:\s*(?:re|fwd?|aw|wg|tr|sv)\s*:\s*){0,5}[\s[({<*#!-]*(?:firing|resolved|recovered|alerting|triggered|problem|ok|alarm|closed|open|no data)(?::\d+)?[\])}>*]*[\s:–-]+/iu
/** What stands behind a mark of the state at the head of a title (`[FIRING] x`, `Triggered: x`); else null. */
export function behindStateMark(title: string): string | null {
  const head = title.slice(0, 300)
  const [mark = ''] = stateMark.exec(head) ?? []
  // A word alone begins a sentence as well: `Open orders are late`.
  return /[\]):}>]/.test(mark) ? head.slice(mark.length).trim() || null : null
}

/** What a title says of the state in words, wherever it stands: `has recovered`, `failed again`. */
const stateWords =
  /(?<![\w.-])(?:(?:has|have|is|are|was|been) ){0,3}(?:fail(?:ed|ing|s|ure)|succeeded|success|recovered|resolved|cleared|firing|killed|warning|down|(?:back )?up|(?:back )?online|offline|back to normal|(?:un)?reachable|(?:un)?healthy|degraded)(?: (?:again|now)){0,2}(?![\w-]|\.\w)/g
/** A number with its unit, standing alone: not the 3 of `worker-3`. */
const amount =
  /(?<![\w.-])[-+]?\d[\d.,:]*(?: ?(?:%|ms|s|sec|secs|seconds|m|min|mins|minutes|h|hr|hrs|hours?|d|days?|[kmgt]i?b|x)(?!\w))?(?![\w-])/g

/** A day, a moment or the id of a run, which are others the next time. */
const moment =
  /(?<!\d)(?:(?:19|20)\d\d[-/]\d\d[-/]\d\d|\d\d[./]\d\d[./](?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?:[t_ ]?\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?)?(?:z|[+-]\d\d:?\d\d)?(?!\d)|(?<![\da-f])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\da-f])/g

/** An id that a machine gave to one run: `5kQdL1vBn2`, in both cases and with a digit inside. */
const opaqueId =
  /(?<![\w.-])(?=[A-Za-z]{0,40}\d)(?=[A-Z\d]{0,40}[a-z])(?=[a-z\d]{0,40}[A-Z])[A-Za-z\d]{10,40}(?![\w.-])/g

/** What it was in the meantime, in brackets: `(was 14 h, now 20 min)`. */
const noted = /\s\((?:was|now|after|previously)\s[^()]{0,100}\)/g

/** How long it lasted: a recovery tells it. */
const lasted = /\s(?:after|for) #(?: of downtime)?(?![\w#])/g

/**
 * A title as the name of a check: without case, without what says the state, and with every value in it as `#`, so
 * that "[RESOLVED] memory at 85 %" and "memory at 91 %" are the same condition while `worker-3` and `worker-4` are
 * not. A title that says nothing but a state stays as it is.
 */
export function checkFromTitle(title: string): string {
  const whole = oneLine(title, 300).replace(opaqueId, '#').toLowerCase()
  const bare = whole
    .replace(stateMark, '')
    .replace(stateWords, ' ')
    .replace(moment, '#')
    .replace(amount, '#')
    .replace(noted, ' ')
    .replace(lasted, ' ')
  return (
    bare
      .replace(/(?<=\s|^)[.:–➛→*()[\]>-]+(?=\s|$)/g, ' ')
      .replace(/\s+/g, ' ')
      .trim() || whole
  )
}
