import type { EvidenceOf } from '../evidence.ts'
import { oneLine } from '../text.ts'
import { duration, type Reading, relationOfData, type View } from './finding.ts'

/** A holder that waits for nothing and does nothing. Statements that rewrite are never abandoned, however long. */
const idleStatement = /^\s*(?:<?idle|$)|idle in transaction|<none>|^\s*(?:commit|begin)\b/i
const workingStatement =
  /\b(?:alter|create|drop|reindex|vacuum|cluster|refresh|merge|update|delete|insert|copy|truncate|optimize|backfill|migrat\w*)\b/i
const migrationHolder = /migrat|flyway|liquibase|alembic|dbt|deploy|backfill/i
const briefLock = 300
const veryBriefLock = 120

export function readLock(item: EvidenceOf<'lock'>, view: View): Reading | null {
  const { data } = item
  const common = { relation: relationOfData(item, data.table, view), target: data.table }
  const held = data.held_s ?? 0
  const waiting = data.waiting ?? 0
  // One that is not told is not known to be idle.
  const statement = data.statement ?? '(not told)'
  const who = data.holder ? ` by ${data.holder}` : ''
  const queue = waiting > 0 ? `, ${waiting} waiting` : ''
  const lasts = `lock on ${data.table} held${who} for ${duration(held / 60)}${queue}`
  if (held < veryBriefLock || (held < briefLock && waiting === 0)) return { ...common, sign: 'lock_brief', says: lasts }
  // What the table is called says nothing of the session that holds it: `zombie_sessions` is a table like any other.
  const summary = item.summary.toLowerCase().replaceAll(data.table.toLowerCase(), '')
  const isIdle =
    idleStatement.test(statement) || /idle in transaction|zombie|abandoned|client (?:is )?gone/.test(summary)
  const isWorking = workingStatement.test(statement) || migrationHolder.test(data.holder ?? '')
  if (isIdle && !isMigration(data.holder) && held >= briefLock) {
    return {
      ...common,
      sign: 'lock_abandoned',
      says: `${lasts}; its holder is idle in transaction (zombie session, blocked)`,
    }
  }
  const doing = isWorking ? '; a running statement or migration holds it (blocked)' : ' (blocked)'
  return { ...common, sign: waiting > 0 || held >= 1800 ? 'lock_working' : 'lock_brief', says: `${lasts}${doing}` }
}

function isMigration(holder: string | null | undefined): boolean {
  return /migrat|flyway|liquibase|alembic/i.test(holder ?? '')
}

const countsSomething = /row|volume|count|record|order|event|message|throughput|traffic|ingest|load/i
const noPattern = /^\s*$|^(?:none|no\b|not\b|unknown|n\/a|unusual|unexpected|anomal|never|first|unprecedented)/i
const noImpact = /^\s*$|^(?:none|no\b|nil|n\/a|false|0$)/i
/** From here on a share of memory, disk or connections is not load but the end of it. */
const exhaustedShare = 95

export function readMetric(item: EvidenceOf<'metric'>, view: View): Reading | null {
  const { data } = item
  const value = data.value ?? null
  const relation = relationOfData(item, null, view)
  if (value === null) return null
  const unit = data.unit === '%' || /percent|pct/i.test(data.unit ?? data.name) ? ' %' : ''
  const mean = data.baseline_mean ?? null
  const max = data.baseline_max ?? null
  const pattern = noPattern.test(data.pattern ?? '') ? null : oneLine(data.pattern ?? '', 100)
  const range = [mean === null ? '' : `mean ${mean}`, max === null ? '' : `highest ${max}`].filter(Boolean).join(', ')
  const known = `${pattern ? ` (known pattern: ${pattern})` : ''}`
  const says = `${data.name} is ${value}${unit}${range ? `, baseline ${range}` : ''}`
  const fallsShort = view.alerts.some(({ category }) => category === 'volume') || countsSomething.test(data.name)
  const isLow =
    mean !== null && value < mean * 0.7 && (fallsShort || (data.threshold != null && value < data.threshold))
  if (!noImpact.test(data.customer_impact ?? '')) {
    return {
      relation,
      sign: 'beyond_normal',
      says: `${says}; customers notice: ${oneLine(data.customer_impact ?? '', 100)}`,
    }
  }
  const isKnown = item.source === 'alert' ? null : data.is_known
  if (isKnown === false) {
    return { relation, sign: 'beyond_normal', says: `${says}: not usual at this weekday and hour` }
  }
  if (isKnown) return { relation, sign: 'within_normal', says: `${says}${known}` }
  if (isLow) return { relation, sign: 'beyond_normal', says: `${says}: far below normal (drop, rows missing)` }
  if (max !== null || mean !== null) {
    const limit = max ?? (mean ?? 0) * 1.3
    if (value > limit) return { relation, sign: 'beyond_normal', says: `${says}: beyond every known normal (spike)` }
    return { relation, sign: 'within_normal', says: `${says}: within its normal range${known || ' (expected)'}` }
  }
  if (item.source !== 'alert' && isBackWithin(value, data.threshold, view)) {
    return { relation, sign: 'recovered', says: `${says}: back within its limit of ${data.threshold}` }
  }
  if (unit && value >= exhaustedShare) return { relation, sign: 'beyond_normal', says: `${says}: nearly exhausted` }
  if (pattern && item.source !== 'alert')
    return { relation, sign: 'within_normal', says: `${says}: expected by a known pattern (${pattern})` }
  if (pattern) return { relation, sign: 'claimed_normal', says: `${says}: expected by a known pattern (${pattern})` }
  return null
}

/** The alert's own measurement tells on which side of the limit the trouble lies. */
function isBackWithin(value: number, threshold: number | null | undefined, { alerts }: View): boolean {
  if (threshold == null) return false
  const claimed = alerts.flatMap(({ facts }) => facts).find(({ kind }) => kind === 'metric')?.data.value
  if (typeof claimed !== 'number' || claimed === threshold) return false
  return claimed > threshold ? value <= threshold : value >= threshold
}
