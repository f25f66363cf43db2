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
      const done = (result: Pick<Checked, 'health' | 'fault'>) => ({
        system,
        latencyMs: performance.now() - start,
        ...result,
      })
      try {
        const connector = from.find(({ name, kinds }) => name === system.kind || Object.hasOwn(kinds, system.kind))
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
