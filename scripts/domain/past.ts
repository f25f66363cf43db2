import { type Alert, type Severity, sourceKey, worse } from './alert.ts'
import { assetKey, deliveryKey } from './fingerprint.ts'
import { type Fold, fold, isSuccess } from './fold.ts'
import { quietTimeMs } from './schedule.ts'

/** An alert of the past, with the delivery it came in. */
export interface PastAlert {
  /** Names the delivery; stable, so that a second import finds the first. */
  rawId: string
  position: number
  /** When it came, as far as that is known. */
  at: Date
  alert: Alert
}

/** One incident as it would have been. It is over: history opens nothing. */
export interface PastIncident {
  /** The alerts that belong to it, oldest first; the first one opened it. */
  alerts: [PastAlert, ...PastAlert[]]
  severity: Severity
  /** Firings that were no repetition of the same delivery. */
  occurrences: number
  lastSeenAt: Date
  closedAt: Date
  closedHow: 'resolve' | 'recovery' | 'quiet'
}

export interface Past {
  incidents: PastIncident[]
  /** Alerts that belong to no incident: information, or a resolve with nothing open. */
  alone: { past: PastAlert; step: Fold['step']; reason: string }[]
}

interface Open {
  alerts: [PastAlert, ...PastAlert[]]
  severity: Severity
  deliveries: Set<string>
  lastSeenAt: Date
  latestStart: Date | null
}

/** Folds alerts of the past as the product would have, had it been there. `now` ends what is quiet since. */
export function replayPast(alerts: readonly PastAlert[], now: Date): Past {
  const past: Past = { incidents: [], alone: [] }
  const open = new Map<string, Open>()
  const inOrder = alerts.toSorted((a, b) => a.at.getTime() - b.at.getTime())
  for (const one of inOrder) {
    endQuiet(one.alert.fingerprint, one.at)
    apply(one)
  }
  for (const [fingerprint, { lastSeenAt, alerts: own }] of open) {
    const quiet = lastSeenAt.getTime() + quietTimeMs(sourceKey(own[0].alert))
    close(fingerprint, 'quiet', new Date(Math.min(quiet, now.getTime())))
  }
  return past

  function apply(one: PastAlert): void {
    const { alert, at } = one
    if (isSuccess(alert)) {
      recover(one)
      return
    }
    const current = open.get(alert.fingerprint)
    const step = fold(alert, {
      now: at,
      open: current
        ? {
            state: 'notified',
            claimed: current.severity,
            decidedAt: at,
            latestStart: current.latestStart,
            isOver: false,
            hasOthers: false,
          }
        : null,
      seen: current?.deliveries.has(deliveryKey(alert)) ?? false,
      resolve: null,
    })
    if (!current) {
      if (step.step === 'open') begin(one)
      else past.alone.push({ past: one, step: step.step, reason: reasonOf(alert) })
      return
    }
    current.alerts.push(one)
    if (step.step === 'resolve') close(alert.fingerprint, 'resolve', at)
    else if (alert.status === 'firing') seeAgain(current, one)
  }

  function begin(one: PastAlert): void {
    const { alert, at } = one
    const deliveries = new Set([deliveryKey(alert)])
    const latestStart = startOf(alert)
    open.set(alert.fingerprint, { alerts: [one], severity: alert.severity, deliveries, lastSeenAt: at, latestStart })
  }

  /** A success ends whatever is open about its asset. */
  function recover(one: PastAlert): void {
    const key = assetKey(one.alert.asset, one.alert.environment)
    const ended = [...open].filter(([, { alerts: own }]) => keyOf(own[0]) === key)
    ended[0]?.[1].alerts.push(one)
    for (const [fingerprint] of ended) close(fingerprint, 'recovery', one.at)
    if (ended.length === 0) past.alone.push({ past: one, step: 'recover', reason: 'a success, and nothing was open' })
  }

  function endQuiet(fingerprint: string, at: Date): void {
    const current = open.get(fingerprint)
    if (!current) return
    const quiet = current.lastSeenAt.getTime() + quietTimeMs(sourceKey(current.alerts[0].alert))
    if (at.getTime() > quiet) close(fingerprint, 'quiet', new Date(quiet))
  }

  function close(fingerprint: string, closedHow: PastIncident['closedHow'], closedAt: Date): void {
    const current = open.get(fingerprint)
    if (!current) return
    open.delete(fingerprint)
    const { alerts: own, severity, deliveries, lastSeenAt } = current
    past.incidents.push({ alerts: own, severity, occurrences: deliveries.size, lastSeenAt, closedAt, closedHow })
  }
}

function seeAgain(current: Open, { alert, at }: PastAlert): void {
  current.severity = worse(current.severity, alert.severity)
  current.deliveries.add(deliveryKey(alert))
  current.lastSeenAt = at
  const start = startOf(alert)
  if (start && (!current.latestStart || start > current.latestStart)) current.latestStart = start
}

function startOf(alert: Alert): Date | null {
  return alert.started_at === null ? null : new Date(alert.started_at)
}

function keyOf({ alert }: PastAlert): string | null {
  return assetKey(alert.asset, alert.environment)
}

function reasonOf(alert: Alert): string {
  return alert.status === 'info' ? 'information, not an alert' : 'a resolve, and nothing was open'
}
