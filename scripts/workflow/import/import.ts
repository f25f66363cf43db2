import { createHash } from 'node:crypto'
import { analyzeWithRules } from '../../analysis/rules.ts'
import { catalog } from '../../connectors/catalog.ts'
import { gatherEvidence } from '../../connectors/gathering/gather.ts'
import { loadSystems } from '../../connectors/gathering/systems.ts'
import { type Alert, sourceKey } from '../../domain/alert.ts'
import type { Decision } from '../../domain/decision.ts'
import { applyGuardrails } from '../../domain/guardrails.ts'
import { type Past, type PastAlert, type PastIncident, replayPast } from '../../domain/past.ts'
import type { Settings } from '../../lib/config.ts'
import { toAppError } from '../../lib/errors.ts'
import { safeStringify } from '../../lib/json.ts'
import { readDelivery } from '../../monitors/index.ts'
import type { Monitor } from '../../monitors/monitor.ts'
import type { PastDelivery } from '../../store/import.ts'
import { policyOf } from '../policy.ts'
import type { ImportRecord } from './exports.ts'

/** What an export told of. */
export interface ReadPast {
  deliveries: PastDelivery[]
  past: Past
  /** Records that could not be read, by the error's code. */
  unread: Record<string, number>
}

/** Reads the records of exports and folds them, in the order of their times. `otherwise` stands in for a missing time. */
export function readPast(
  records: readonly ImportRecord[],
  options: { monitor?: string | undefined; taught: readonly Monitor[]; otherwise: Date; now: Date },
): ReadPast {
  const deliveries = new Map<string, PastDelivery>()
  const alerts: PastAlert[] = []
  const unread: Record<string, number> = {}
  for (const record of records) {
    try {
      const read = readRecord(record, options)
      // The same record twice, as exports that overlap have it, is one.
      if (deliveries.has(read.delivery.id)) continue
      deliveries.set(read.delivery.id, read.delivery)
      alerts.push(...read.alerts)
    } catch (thrown) {
      const { code } = toAppError(thrown)
      unread[code] = (unread[code] ?? 0) + 1
    }
  }
  return { deliveries: [...deliveries.values()], past: replayPast(alerts, options.now), unread }
}

function readRecord(
  { body, headers, at }: ImportRecord,
  {
    monitor: only,
    taught,
    otherwise,
    now,
  }: { monitor?: string | undefined; taught: readonly Monitor[]; otherwise: Date; now: Date },
): { delivery: PastDelivery; alerts: PastAlert[] } {
  const text = safeStringify(body)
  const id = `import-${createHash('sha256')
    .update(`${at ?? ''}\n${text}`)
    .digest('hex')
    .slice(0, 40)}`
  const receivedAt = at ?? otherwise.toISOString()
  const { monitor, alerts } = readDelivery({ body, headers, receivedAt }, { only, taught })
  const times = alerts.map((alert) => (at === null ? (timeOf(alert) ?? otherwise) : new Date(at)))
  const past = alerts.map((alert, position) => {
    const time = notAfter(times[position] ?? otherwise, now)
    return { rawId: id, position, at: time, alert: { ...alert, received_at: time.toISOString() } }
  })
  const first = past[0]?.at ?? notAfter(new Date(receivedAt), now)
  return { delivery: { id, at: first, monitor, headers, body: text }, alerts: past }
}

/** A resolve is of its end, a firing of its start. */
function timeOf({ status, started_at, ended_at }: Alert): Date | null {
  const time = status === 'resolved' ? (ended_at ?? started_at) : started_at
  return time === null ? null : new Date(time)
}

function notAfter(time: Date, now: Date): Date {
  return time > now ? now : time
}

/**
 * What would have been decided about an incident of the past: by rules, on what its alerts claim and the catalogue
 * says, under the policy in force. No system is asked and no model.
 * @throws AppError E_CONFIG_INVALID
 */
export async function judgePast(incident: PastIncident, settings: Settings): Promise<Decision> {
  const alerts = incident.alerts.map(({ alert }) => alert).filter(({ status }) => status === 'firing')
  const [opening] = incident.alerts
  const now = opening.at
  const { asset, category, environment } = opening.alert
  const { DIM_CONFIG_DIR } = settings
  const question = { asset, category, environment, alerts, now }
  const { evidence } = await gatherEvidence(question, {
    systems: await loadSystems({ DIM_CONFIG_DIR }),
    from: [catalog],
  })
  const policy = await policyOf(sourceKey(opening.alert), settings)
  const { proposal, record } = analyzeWithRules({ alerts, evidence, policy, now, severity: incident.severity })
  return applyGuardrails({ proposal, record, evidence, alerts, policy, now, recentFixes: 0 })
}
