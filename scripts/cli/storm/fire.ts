import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'
import { tryParseJson } from '../../lib/json.ts'
import { type StormBody, type StormShape, stormBody } from './bodies.ts'

const Accepted = z.looseObject({ id: z.string() })
/** As a monitor does that is told "later": it waits and tries again, and at some time gives up. */
const waitsMs = [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
const answerWithinMs = 60_000

export interface Volley {
  /** The executions that Kestra answered with, one for each accepted body. */
  executions: string[]
  /** Bodies nobody accepted, after all attempts, by what the last attempt said. */
  refused: Record<string, number>
  /** Attempts beyond the first. */
  retries: number
  /** From the first POST to the last answer. */
  tookMs: number
  /** The execution of `page`, and when it was answered. */
  paged: { execution: string; at: number } | null
}

/** Posts the whole storm, some bodies at a time, each until it is accepted or its patience ends. */
export async function fire(options: {
  webhookUrl: string
  shape: StormShape
  storm: string
  atOnce: number
  /** In place of the delivery of that number, from 1. */
  page?: { number: number; body: (at: Date) => StormBody } | undefined
  onAccepted(count: number): void
}): Promise<Volley> {
  const { webhookUrl, shape, storm, atOnce, page, onAccepted } = options
  const volley: Volley = { executions: [], refused: {}, retries: 0, tookMs: 0, paged: null }
  const began = Date.now()
  let next = 0
  const poster = async () => {
    while (next < shape.alerts) {
      const isPage = page?.number === next + 1
      const { body, headers } = isPage ? page.body(new Date()) : stormBody(shape, storm, next, new Date())
      next += 1
      const answer = await post(webhookUrl, { body, headers }, () => {
        volley.retries += 1
      })
      if ('execution' in answer && isPage) volley.paged = { execution: answer.execution, at: Date.now() }
      if ('execution' in answer) volley.executions.push(answer.execution)
      else volley.refused[answer.refused] = (volley.refused[answer.refused] ?? 0) + 1
      onAccepted(volley.executions.length)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, poster))
  volley.tookMs = Date.now() - began
  return volley
}

type Answer = { execution: string } | { refused: string }

async function post(
  url: string,
  request: { body: string; headers: Record<string, string> },
  onRetry: () => void,
): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await postOnce(url, request)
    const wait = waitsMs[attempt]
    if ('execution' in answer || !answer.again || wait === undefined) return answer
    onRetry()
    await delay(wait)
  }
}

async function postOnce(
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<{ execution: string } | { refused: string; again: boolean }> {
  try {
    const signal = AbortSignal.timeout(answerWithinMs)
    const response = await fetch(url, { method: 'POST', headers, body, signal })
    const parsed = Accepted.safeParse(tryParseJson(await response.text()))
    if (response.ok && parsed.success) return { execution: parsed.data.id }
    return { refused: `status ${response.status}`, again: response.status >= 500 || response.status === 429 }
  } catch {
    return { refused: 'no answer', again: true }
  }
}

/** @throws AppError when the shape is no storm */
export function checkShape({ alerts, conditions, assets, sources }: StormShape): void {
  const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most
  const isRight =
    isCount(alerts, 1_000_000) &&
    isCount(conditions, alerts) &&
    isCount(assets, conditions) &&
    isCount(sources, conditions)
  if (isRight) return
  throw new AppError(
    'E_SETTING_INVALID',
    'These numbers make no storm.',
    'Give whole numbers above 0, with no more conditions than alerts, and no more assets or sources than conditions.',
  )
}
