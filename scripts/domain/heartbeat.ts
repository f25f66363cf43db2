import type { Alert } from './alert.ts'

/** Rules that always fire, to show that monitoring itself works; the names that Prometheus' common rule sets use. */
const alwaysFiring: ReadonlySet<string> = new Set(['Watchdog', 'DeadMansSwitch', 'DeadManSwitch'])

export function isHeartbeatRule(name: string): boolean {
  return alwaysFiring.has(name)
}

/** `alive`: it shows that its source lives; `ended`: the source says that it stopped. Null: no heartbeat. */
export function heartbeatOf(alert: Alert): 'alive' | 'ended' | null {
  const isOne = isHeartbeatRule(alert.labels.alertname ?? '') || isPosted(alert)
  if (!isOne) return null
  return alert.status === 'resolved' ? 'ended' : 'alive'
}

/** A body of somebody's own making that says so: `{"source": "nightly_jobs", "title": "alive", "heartbeat": true}`. */
function isPosted({ source, labels }: Alert): boolean {
  return (source === 'plain' || source === 'generic') && labels.heartbeat === 'true'
}
