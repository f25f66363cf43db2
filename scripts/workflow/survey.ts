import { within } from '../connectors/gathering/ask.ts'
import { noLibrary } from '../connectors/gathering/library.ts'
import { allSurveys } from '../connectors/index.ts'
import type { Finding } from '../domain/catalog-draft.ts'
import { openWordsOf, type System, secretsOf } from '../domain/system.ts'
import { type AppError, toAppError } from '../lib/errors.ts'
import { redact } from '../lib/redact.ts'

/** A whole manifest, and a list of thousands of DAGs, take their time. */
const limitMs = 60_000

/** What one system told of all that it knows. */
export interface Surveyed {
  system: System
  findings: Finding[]
  /** What it did not get to; null when the findings are all. */
  leftOut: string | null
  fault: Pick<AppError, 'code' | 'message' | 'hint'> | null
}

/** Asks every system that can tell what it has, the one that knows the business best first. Never throws for one. */
export async function surveySystems(systems: readonly System[]): Promise<Surveyed[]> {
  const asked = (await allSurveys()).flatMap((survey) =>
    systems.filter(({ kind }) => survey.kinds.includes(kind)).map((system) => ({ survey, system })),
  )
  return Promise.all(
    asked.map(async ({ survey, system }) => {
      let leftOut: string | null = null
      const note = (what: string) => {
        leftOut = what
      }
      try {
        const ask = (signal: AbortSignal) => survey.survey({ system, signal, library: noLibrary }, note)
        return { system, findings: await within(limitMs, ask), leftOut, fault: null }
      } catch (thrown) {
        const { code, message, hint } = toAppError(thrown)
        const fault = { code, message: redact(message, secretsOf(system.credentials, openWordsOf(system))), hint }
        return { system, findings: [], leftOut, fault }
      }
    }),
  )
}
