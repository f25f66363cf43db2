import type { Evidence, EvidenceDraft } from '../domain/evidence.ts'
import { alertEvidence, isDraft, settleEvidence } from '../domain/gather.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { redactDeep } from '../lib/redact.ts'
import { airflow } from './airflow.ts'
import { catalog } from './catalog.ts'
import type { Connector, Question } from './connector.ts'

/** Every system that can be asked. Their order is the order of evidence. */
export const connectors: readonly Connector[] = [catalog, airflow]

export interface GatherOptions {
  settings: Readonly<Record<string, string | undefined>>
  /** Evidence from elsewhere, such as past incidents. */
  extra?: readonly EvidenceDraft[]
  /** Default 5 s. */
  perConnectorMs?: number
  /** Default 12 s. */
  totalMs?: number
  /** For tests; default all. */
  from?: readonly Connector[]
}

export interface Gathered {
  evidence: Evidence[]
  /** Systems that could know something and are not set up. */
  notConfigured: string[]
}

/**
 * Asks every system that concerns the question, all at once, each within its time limit. One that can't be asked
 * becomes `unavailable` evidence and costs the others nothing. Never throws for what a system does.
 */
export async function gatherEvidence(question: Question, options: GatherOptions): Promise<Gathered> {
  const { settings, extra = [], perConnectorMs = 5_000, totalMs = 12_000, from = connectors } = options
  const concerned = from.filter((connector) => connector.concerns(question))
  const asked = concerned.filter((connector) => connector.isConfigured(settings))
  const limitMs = Math.min(perConnectorMs, totalMs)
  const answers = await Promise.all(asked.map((connector) => ask(connector, question, settings, limitMs)))
  const drafts = [...answers.flat(), ...extra, ...alertEvidence(question.alerts)]
  return {
    evidence: settleEvidence(drafts.map((draft) => redactDeep(draft))),
    notConfigured: concerned.filter((connector) => !asked.includes(connector)).map(({ name }) => name),
  }
}

async function ask(
  connector: Connector,
  question: Question,
  settings: GatherOptions['settings'],
  limitMs: number,
): Promise<unknown[]> {
  const limit = new AbortController()
  let timer: NodeJS.Timeout | undefined
  // The signal is a request; a connector that does not heed it is left behind.
  const timeUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      limit.abort()
      reject(
        new AppError('E_HTTP_TIMEOUT', `No answer within ${limitMs / 1000} s.`, 'Check that it is up and reachable.'),
      )
    }, limitMs)
  })
  try {
    const drafts = await Promise.race([connector.gather(question, { settings, signal: limit.signal }), timeUp])
    if (drafts.every(isDraft)) return drafts
    throw new AppError('E_HTTP_ANSWER', 'It answered what can not be understood.', 'Check its version.')
  } catch (thrown) {
    const { code, message, hint } = toAppError(thrown)
    return [
      {
        source: connector.name,
        kind: 'unavailable',
        asset: question.asset?.name ?? null,
        observed_at: question.now.toISOString(),
        summary: `${connector.name} could not be asked: ${message}`,
        data: { system: connector.name, reason: message, code, hint },
      },
    ]
  } finally {
    clearTimeout(timer)
  }
}
