import type { EvidenceDraft } from '../../domain/evidence.ts'
import { openWordsOf, type System, secretsOf } from '../../domain/system.ts'
import { type AppError, toAppError } from '../../lib/errors.ts'
import { redact } from '../../lib/redact.ts'
import type { Connector, Health } from '../connector.ts'
import { connectorsOf } from '../index.ts'
import { within } from './ask.ts'
import { noLibrary } from './library.ts'

/** What became of the lightest question to one system. */
export interface Checked {
  system: System
  /** Which connector asked it; null for a kind that none asks. */
  connector: Connector | null
  /** Milliseconds until its answer, or until it was given up. */
  latencyMs: number
  health: Health | null
  fault: Pick<AppError, 'code' | 'message' | 'hint'> | null
}

/** Asks each system its lightest question, all at once. Never throws for what a system does. */
export async function checkSystems(
  systems: readonly System[],
  { limitMs = 10_000, from: given }: { limitMs?: number; from?: readonly Connector[] } = {},
): Promise<Checked[]> {
  const from = given ?? (await connectorsOf(systems.map(({ kind }) => kind)))
  return Promise.all(
    systems.map(async (system) => {
      const start = performance.now()
      const connector =
        from.find(({ name, kinds }) => name === system.kind || Object.hasOwn(kinds, system.kind)) ?? null
      const done = (result: Pick<Checked, 'health' | 'fault'>) => ({
        system,
        connector,
        latencyMs: performance.now() - start,
        ...result,
      })
      try {
        const health =
          connector && (await within(limitMs, (signal) => connector.check({ system, signal, library: noLibrary })))
        return done({ health: health ?? null, fault: null })
      } catch (thrown) {
        const { code, message, hint } = toAppError(thrown)
        return done({
          health: null,
          fault: { code, message: redact(message, secretsOf(system.credentials, openWordsOf(system))), hint },
        })
      }
    }),
  )
}

/** The same as evidence: how each system is that could be asked about an incident. */
export function healthEvidence(checked: readonly Checked[], now: Date): EvidenceDraft[] {
  return checked.flatMap(({ system: { name }, connector, latencyMs, health, fault }): EvidenceDraft[] => {
    if (!connector) return []
    const latency = Math.round(latencyMs)
    const lacks = health?.missingRights ?? []
    const answers = `${name} answers${health?.version ? ` (${health.version})` : ''} in ${latency} ms`
    return [
      {
        source: connector.name,
        kind: 'system_health',
        observed_at: now.toISOString(),
        summary: fault
          ? `${name} does not answer as it should: ${fault.message}`
          : `${answers}${lacks.length > 0 ? `, and its user lacks ${lacks.join(', ')}` : ''}.`,
        data: {
          system: name,
          status: fault ? 'unavailable' : lacks.length > 0 ? 'rights_missing' : 'well',
          version: health?.version ?? null,
          missing_rights: lacks,
          latency_ms: latency,
          code: fault?.code ?? null,
        },
      },
    ]
  })
}
