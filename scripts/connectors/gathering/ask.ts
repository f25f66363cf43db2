import { createHash } from 'node:crypto'
import type { Outcome, Turn } from '../../domain/asking.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { isDraft } from '../../domain/gather.ts'
import { openWordsOf, type System, secretsOf } from '../../domain/system.ts'
import { AppError, toAppError } from '../../lib/errors.ts'
import { HttpStatusError } from '../../lib/http.ts'
import { redact } from '../../lib/redact.ts'
import type { Connector, Question, Time } from '../connector.ts'
import type { Library } from './library.ts'
import type { Memory } from './memory.ts'
import { redactDraft } from './redact-draft.ts'

/** Evidence of one system about one asset, or why there is none. */
export interface Answer {
  drafts: unknown[]
  fault: AppError | null
}

/** An answer that is the same for others is waited for at most this share of the time that asking may take. */
const waitShare = 0.5

/**
 * Asks one instance one question within `limitMs`, and `patienceMs` more once it has shown that it answers, unless it is
 * paused or has just answered the same. Never throws: a fault is an answer. What comes back is redacted, the instance's
 * own secrets included.
 */
export async function ask(
  connector: Connector,
  system: System,
  question: Question,
  options: { limitMs: number; patienceMs?: number; isSole?: boolean; memory: Memory; library: Library },
): Promise<Answer> {
  const { limitMs, patienceMs = 0, isSole = false, memory, library } = options
  const start = Date.now()
  const shared = connector.shared(question)
  const key = shared && keyOf([connector.name, ...shared.key])
  const turn = await memory
    .take(system.name, key, { waitMs: limitMs * waitShare, leaseMs: limitMs + patienceMs + 1_000 })
    .catch(askAnyway)
  if (turn.turn === 'answered') return { drafts: turn.answer, fault: null }
  if (turn.turn === 'paused') return { drafts: [], fault: pausedFault(turn.untilMs, turn.reason) }

  // Of what an alert says no more than the name: whoever sends a list of words must not switch hiding off.
  const secrets = secretsOf(system.credentials, [...openWordsOf(system), (question.asset?.name ?? '').slice(0, 250)])
  const leftMs = Math.max(1, limitMs - (Date.now() - start))
  const run = (signal: AbortSignal, time: Time) => connector.gather(question, { system, signal, library, time, isSole })
  const answer = await within(leftMs, run, { statedMs: limitMs, patienceMs }).then(
    (drafts) => understood(drafts.map((draft) => redactDraft(draft, secrets))),
    (thrown: unknown) => ({ drafts: [], fault: withoutSecrets(toAppError(thrown), secrets) }),
  )
  // What others are to know of it must not cost this one its answer.
  await memory.tell(system.name, key, turn.token, outcomeOf(answer, shared?.seconds ?? 0)).catch(() => {})
  return answer
}

function understood(drafts: unknown[]): Answer {
  if (drafts.every(isDraft)) return { drafts, fault: null }
  return {
    drafts: [],
    fault: new AppError('E_HTTP_ANSWER', 'It answered what can not be understood.', 'Check its version.'),
  }
}

const askAnyway = (): Turn => ({ turn: 'ask', token: null })

/**
 * Runs what may not heed its signal: when time is up it is told to stop, and left behind. People are told of `statedMs`,
 * of which waiting may have taken some.
 */
export async function within<T>(
  limitMs: number,
  run: (signal: AbortSignal, time: Time) => Promise<T>,
  { statedMs = limitMs, patienceMs = 0 }: { statedMs?: number; patienceMs?: number } = {},
): Promise<T> {
  const limit = new AbortController()
  const timeUp = Promise.withResolvers<never>()
  let end = Date.now() + limitMs
  let isExtended = false
  const stop = () => {
    const spelled = spell(isExtended ? statedMs + patienceMs : statedMs)
    timeUp.reject(new AppError('E_HTTP_TIMEOUT', `No answer within ${spelled}.`, 'Check that it is up and reachable.'))
    limit.abort()
  }
  let timer = setTimeout(stop, limitMs)
  const time: Time = {
    leftMs: () => end - Date.now(),
    extend() {
      if (isExtended || limit.signal.aborted) return
      isExtended = true
      end += patienceMs
      clearTimeout(timer)
      timer = setTimeout(stop, end - Date.now())
    },
  }
  try {
    return await Promise.race([run(limit.signal, time), timeUp.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A refused log-in too: asked again and again, it locks the account. That one thing may not be seen is E_ASSET_DENIED. */
const theirs: ReadonlySet<string> = new Set(['E_HTTP_ANSWER', 'E_HTTP_REDIRECT', 'E_ACCESS_DENIED'])

/** Whether what went wrong says something about the system, not about this one question. */
export function isTheirs(fault: AppError): boolean {
  if (fault instanceof HttpStatusError) return fault.retryable || fault.status === 401 || fault.status === 403
  return fault.retryable || theirs.has(fault.code)
}

function outcomeOf({ drafts, fault }: Answer, keepSeconds: number): Outcome {
  if (!fault) return { answer: drafts, keepSeconds, fault: null, isWell: true }
  const { code, message: reason, retryAfterMs } = fault
  const isToBlame = isTheirs(fault)
  return {
    answer: null,
    keepSeconds: 0,
    fault: isToBlame ? { code, reason, retryAfterMs } : null,
    isWell: code === 'E_ASSET_UNKNOWN' || code === 'E_ASSET_DENIED',
  }
}

function withoutSecrets(fault: AppError, secrets: readonly string[]): AppError {
  const message = redact(fault.message, secrets)
  if (message === fault.message) return fault
  const { code, hint, retryable, retryAfterMs } = fault
  return new AppError(code, message, hint, { retryable, retryAfterMs })
}

function pausedFault(untilMs: number, reason: string): AppError {
  const seconds = Math.max(1, Math.ceil((untilMs - Date.now()) / 1000))
  return new AppError(
    'E_SYSTEM_PAUSED',
    `It is not asked for ${seconds} s, because it failed before: ${reason}`,
    'See why it failed; it is asked again by itself.',
  )
}

function spell(limitMs: number): string {
  return `${Math.round(limitMs / 10) / 100} s`
}

function keyOf(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

/** What a system that could not be asked leaves behind: stated, with what to do about it. */
export function unavailable(
  connector: Pick<Connector, 'name'>,
  system: Pick<System, 'name' | 'kind'>,
  fault: { code: string; message: string; hint: string },
  question: Question,
): EvidenceDraft {
  const { code, message, hint } = fault
  return {
    source: connector.name,
    kind: 'unavailable',
    asset: question.asset?.name ?? null,
    observed_at: question.now.toISOString(),
    summary: `${system.name} could not be asked: ${message}`,
    data: { system: system.name, kind: system.kind, reason: message, code, hint },
  }
}
