import { hash } from 'node:crypto'
import type { Alert, Asset } from './alert.ts'

/**
 * The stable id of a condition. `check` names what is checked (a rule, a monitor, a test), never a delivery, a run or
 * a value; asset, its system and environment are part of it, so that the same check on another asset differs.
 * Shape: `fp_` and 24 hexadecimal digits.
 */
export function fingerprint(parts: {
  source: string
  check: string
  asset: Asset | null
  environment: string | null
}): string {
  return `fp_${digest([parts.source, parts.check, assetKey(parts.asset, parts.environment) ?? ''])}`
}

/** The identity of an asset across monitors: kind, name, system and environment. `null` when there is none. */
export function assetKey(asset: Asset | null, environment: string | null): string | null {
  if (!asset) return null
  return [asset.kind, asset.name, asset.system ?? '', environment ?? ''].join('|')
}

/** The identities of an alert's condition and asset by its payload alone; its own where nothing was added to them. */
export function readIdentity({ fingerprint, asset, environment, read }: Alert) {
  if (!read) return { fingerprint, assetKey: assetKey(asset, environment) }
  const bare = asset && { ...asset, system: null }
  return { fingerprint: read.fingerprint, assetKey: assetKey(bare, read.environment) }
}

/**
 * The id of a delivery: equal for the very same alert sent again, whatever the time it arrived.
 * Shape: 24 hexadecimal digits.
 */
export function deliveryKey(alert: Alert): string {
  const { received_at: _, check: _check, instance: _instance, read: _read, ...rest } = alert
  return digest([canonical(rest)])
}

function digest(parts: readonly string[]): string {
  return hash('sha256', parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''), 'hex').slice(0, 24)
}

/** JSON with sorted keys, so that order does not matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
