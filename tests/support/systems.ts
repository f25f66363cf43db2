import type { Connector } from '../../scripts/connectors/connector.ts'
import type { System, Systems } from '../../scripts/domain/system.ts'

type Settings = Readonly<Record<string, string | undefined>>

/** The instance that settings describe for a connector. */
export function instanceOf(connector: Connector, settings: Settings, changes: Partial<System> = {}): System {
  const found = connector.fromSettings(settings)
  if (!found) throw new Error(`${connector.name} is not configured.`)
  return { ...found, name: found.kind, environment: null, aliases: [], limitMs: null, ...changes }
}

/** A connector's context with that instance. */
export function contextOf(connector: Connector, settings: Settings): { system: System; signal: AbortSignal } {
  return { system: instanceOf(connector, settings), signal: AbortSignal.timeout(5_000) }
}

/** Only these instances. */
export function systemsOf(...all: System[]): Systems {
  return { all, fault: null }
}
