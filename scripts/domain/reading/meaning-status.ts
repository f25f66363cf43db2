import type { AlertStatus } from '../alert.ts'
import { findLeaf, isBefore, type Leaf, ranked, rankOf } from './leaves.ts'
import { isSpent, readStatus, readTitleStatus } from './status.ts'

/** Where a body says what became of it; what says the outcome of a run before what says how far the run is. */
const statuses = ranked(`
  conclusion outcome alerttransition eventaction alertaction monitorcondition transition newstatevalue newstate currentstate alertstatus alertstate
  alertevent actiongroup actiongroupname incidentstate resolutionstate notificationtype messagetype alerttype triggertype eventtype state status monitorstatus checkstatus phase
  action event eventname trigger result type currentstatus statusname executionstatus alerttypefriendlyname reason severity`)

/** Keys that say how bad or of what kind it is, or why, far more often than whether it is over. */
const weak = new Set(
  'type trigger action alerttype triggertype eventtype event eventname result reason severity notificationtype messagetype'.split(
    ' ',
  ),
)

/** Booleans that say whether all is well, and what true means. */
const flags = new Map<string, AlertStatus>(
  Object.entries({
    success: 'resolved',
    succeeded: 'resolved',
    passed: 'resolved',
    healthy: 'resolved',
    ok: 'resolved',
    up: 'resolved',
    isup: 'resolved',
    resolved: 'resolved',
    isresolved: 'resolved',
    recovered: 'resolved',
    triggered: 'firing',
    firing: 'firing',
    active: 'firing',
    failed: 'firing',
    isfiring: 'firing',
    breached: 'firing',
    down: 'firing',
  }),
)
const opposite: Record<AlertStatus, AlertStatus> = { firing: 'resolved', resolved: 'firing', info: 'info' }

/** What is said of the alert's state, and where. `isSpent`: only that something has ended, not how. */
export interface Said {
  leaf: Leaf
  status: AlertStatus
  isSpent: boolean
}

/** A field that says it, then a yes or no, then the title; what says nothing is firing: nobody is woken for silence. */
export function readAnyStatus(leaves: readonly Leaf[], title: string): AlertStatus {
  const spoken = readTitleStatus(title)
  if (spoken === 'info' || isRecordChange(leaves) || isQuietLog(leaves)) return 'info'
  const said = readSaid(leaves)
  // A neutral word (`running`, `created`) decides only when nothing else speaks.
  if (said !== null && said.status !== 'info' && !said.isSpent) return said.status
  const begun = said?.status === 'info' && /^(?:started|queued|pending)$/i.test(said.leaf.text) && isIncident(leaves)
  return readFlag(leaves) ?? (begun ? 'firing' : (spoken ?? said?.status ?? 'firing'))
}

/** The field that says most clearly what became of it; null when none does. */
export function readSaid(leaves: readonly Leaf[]): Said | null {
  let best: Said | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    const rank =
      rankOf(leaf, statuses) ??
      (stateKey.test(leaf.compound) && !formerKey.test(leaf.key) && !formerKey.test(leaf.compound)
        ? leastRank
        : undefined)
    if (rank === undefined || rank + leaf.distance > lowest) continue
    const status = statusOf(leaf)
    if (status === null) continue
    const spent = isSpent(leaf.text)
    const cost = rank + leaf.distance + (status === 'info' ? 40 : spent ? 30 : weak.has(leaf.key) ? 15 : 0)
    if (cost > lowest || (cost === lowest && !isBefore(leaf, best?.leaf ?? null))) continue
    best = { leaf, status, isSpent: spent }
    lowest = cost
  }
  return best
}

const stateKey = /(?:status|state)(?:name|category)?$/
const formerKey = /^(?:old|previous|prev|last|from|former)/
const leastRank = 60

function statusOf({ key, value, text }: Leaf): AlertStatus | null {
  if (typeof value !== 'string' || (weak.has(key) && text.length > 40)) return null
  // `severity: clear`; a reason is a sentence unless it is written like a name: `ALERT_RESOLVED`.
  if (key === 'severity') return /^(?:clear|cleared|ok|normal|resolved|recovered)$/i.test(text) ? 'resolved' : null
  if (key === 'reason' && !/^[A-Z]+(?:_[A-Z]+)+$/.test(text)) return null
  const status = readStatus(value)
  return status === 'info' && silentWeak.has(key) ? null : status
}

/** Of these a neutral word tells nothing. */
const silentWeak = new Set(['alerttype', 'triggertype', 'result', 'reason', 'type', 'action'])

function readFlag(leaves: readonly Leaf[]): AlertStatus | null {
  const flag = leaves.find(
    ({ key, value, parents }) =>
      parents.length <= 3 && flags.has(key) && (typeof value === 'boolean' || value === 0 || value === 1),
  )
  const meaning = flag ? flags.get(flag.key) : undefined
  if (!flag || !meaning) return null
  return flag.value === true || flag.value === 1 ? meaning : opposite[meaning]
}

/** Whether what has begun is an incident, and no run. */
function isIncident(leaves: readonly Leaf[]): boolean {
  const type = findLeaf(leaves, kinds)?.text ?? ''
  return /incident|alert|outage|issue/i.test(type) || leaves.some(({ parent }) => parent === 'incident')
}
const kinds = ranked('type objecttype eventtype')

/** A line of a log that is below a warning: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry */
function isQuietLog(leaves: readonly Leaf[]): boolean {
  const outer = (name: string) => leaves.find(({ key, parents }) => parents.length === 0 && key === name)
  return outer('logname') !== undefined && /^(?:DEFAULT|DEBUG|INFO|NOTICE)$/.test(outer('severity')?.text ?? 'DEFAULT')
}

/**
 * `{event: created, model: site}`: an inventory, or a monitor's own settings, were changed by somebody;
 * `{kind: pod, reason: created}`: an object of Kubernetes was.
 */
function isRecordChange(leaves: readonly Leaf[]): boolean {
  const has = (name: RegExp, text: RegExp) =>
    leaves.some(({ key, parents, text: value }) => parents.length <= 1 && name.test(key) && text.test(value))
  if (has(/^kind$/, /./) && has(/^reason$/, /^(?:created|updated|deleted)$/i)) return true
  if (!has(/^(?:event|action)$/, /^(?:created|updated|deleted|edited|paused|unpaused|resumed)$/i)) return false
  return has(/^(?:model|objecttype)$/, /./) || has(/^type$/, /^(?:monitor|check|rule|policy)$/i)
}
