import type { AlertStatus } from '../alert.ts'
import { isBefore, isPast, type Leaf, ranked, rankOf } from './leaves.ts'
import { isSpent, readStatus } from './status.ts'

/** What is said of the alert's state, and where. `isSpent`: only that something has ended, not how. */
export interface Said {
  leaf: Leaf
  status: AlertStatus
  isSpent: boolean
}

/** The field that says most clearly what became of it; null when none does. */
export function readSaid(leaves: readonly Leaf[]): Said | null {
  let known = lastSaid.get(leaves)
  if (known === undefined) {
    known = findSaid(leaves)
    lastSaid.set(leaves, known)
  }
  return known
}

/** It is asked of one body whether it is an alert, what it is called, and how it is. */
const lastSaid = new WeakMap<readonly Leaf[], Said | null>()

function findSaid(leaves: readonly Leaf[]): Said | null {
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
    if (status === null || isLife(leaf)) continue
    const spent = isSpent(leaf.text)
    const cost =
      rank +
      leaf.distance +
      (status === 'info'
        ? 40
        : spent
          ? 30
          : kinds.has(leaf.key) && status === 'firing'
            ? 25
            : weak.has(leaf.key)
              ? 15
              : 0) +
      (isPast(leaf) ? pastCost : 0)
    if (cost > lowest || (cost === lowest && !isRather({ leaf, status }, best))) continue
    best = { leaf, status, isSpent: spent }
    lowest = cost
  }
  return best
}

/** Where a body says what became of it; what says the outcome of a run before what says how far the run is. */
const statuses = ranked(`
  conclusion outcome verdict alerttransition eventaction alertaction monitorcondition transition newstatevalue newstate currentstate statenow statusnow statecurrent statusnew statenew alertstatus alertstate
  alertevent actiongroup actiongroupname incidentstate resolutionstate notificationtype messagetype alerttype triggertype eventtype state status monitorstatus checkstatus phase
  action event eventname trigger result type currentstatus statusname executionstatus alerttypefriendlyname reason severity level alertlevel currentlevel severitylevel`)

/** Keys that tell what an alert is about as often as what became of it: `FailureAlertRule`. */
const kinds = new Set(['alerttype', 'triggertype', 'type'])

/** Keys that say how bad or of what kind it is, or why, far more often than whether it is over. */
const weak = new Set(
  'type trigger action alerttype triggertype eventtype event eventname result reason severity level notificationtype messagetype'.split(
    ' ',
  ),
)

/** What was says how it is only where nothing else does. */
const pastCost = 120

/** A rule that is active is no alert that is: `rule: {status: ACTIVE}`. */
function isLife({ parent, text }: Leaf): boolean {
  return parent !== '' && /^(?:active|enabled|published|deployed)$/i.test(text) && !ofTrouble.test(parent)
}

/** Objects that are about trouble, so that a state in them is its state. */
export const ofTrouble =
  /alert|alarm|incident|issue|problem|event|case|violation|outage|anomaly|ticket|condition|finding|status|state/

/** Of two that say it in the same place the one that tells of trouble counts, then the first by its path. */
function isRather(one: Pick<Said, 'leaf' | 'status'>, other: Said | null): boolean {
  if (other === null) return true
  const [isTrouble, wasTrouble] = [one.status === 'firing', other.status === 'firing']
  return isTrouble === wasTrouble ? isBefore(one.leaf, other.leaf) : isTrouble
}

const stateKey = /(?:status|state)(?:name|category)?$/

const formerKey = /^(?:old|previous|prev|last|from|former)/

const leastRank = 60

function statusOf({ key, value, text }: Leaf): AlertStatus | null {
  if (typeof value !== 'string' || (weak.has(key) && text.length > 40)) return null
  // `severity: clear`; a reason is a sentence unless it is written like a name: `ALERT_RESOLVED`.
  if (levels.has(key)) return /^(?:clear|cleared|ok|normal|resolved|recovered)$/i.test(text) ? 'resolved' : null
  if (key === 'reason' && !/^[A-Z]+(?:_[A-Z]+)+$/.test(text)) return null
  const status = readStatus(value)
  return status === 'info' && silentWeak.has(key) ? null : status
}

const levels = new Set(['severity', 'level', 'alertlevel', 'currentlevel', 'severitylevel'])

/** Of these a neutral word tells nothing. */
const silentWeak = new Set(['alerttype', 'triggertype', 'result', 'reason', 'type', 'action'])
