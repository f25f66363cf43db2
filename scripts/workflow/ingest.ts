import { z } from 'zod'
import { readChanges } from '../domain/change.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { parseJson, tryParseJson } from '../lib/json.ts'
import { redactDeep } from '../lib/redact.ts'
import { readDelivery } from '../monitors/index.ts'
import type { Monitor } from '../monitors/monitor.ts'
import type { Store } from '../store/connection.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import { type Received, receiveDelivery } from '../store/receive.ts'
import { ignoredOf } from './ignored.ts'
import { heedPagerduty } from './pagerduty.ts'
import { quietInForce } from './quiet.ts'

/** One body as Kestra handed it over. */
export interface HandedOver {
  /** Kestra's execution, and the one it is a repetition of. */
  executionId: string
  originalId: string
  /** The body as JSON text: what was no JSON is a JSON string in it. */
  body: string
  /** The headers as JSON text: name → value or list of values. */
  headers: string
  receivedAt: Date
}

/**
 * Headers that tell what a body is. Everything else stays behind: an `Authorization` or a cookie has no business in a
 * task or in the store.
 */
const keptHeaders =
  /^(content-type|content-encoding|user-agent|x-amz-sns-(message-type|topic-arn|message-id)|ce-[a-z]+|x-(github|gitlab|sentry|datadog|grafana|pagerduty)-(event|hook-resource|delivery))$/

const Headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]))

/**
 * Keeps a delivery whole, reads its alerts and folds them. What can't be read becomes a dead letter with its reason.
 * The same execution again changes nothing and answers the same. `taught`: the monitors of `monitors.yaml`.
 * @throws AppError E_STORE_UNAVAILABLE: then nothing was kept here, and Kestra still has it.
 */
export async function ingest(
  store: Store,
  handedOver: HandedOver,
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<Received> {
  const headers = readHeaders(handedOver.headers)
  const common = {
    originalId: handedOver.originalId,
    executionId: handedOver.executionId,
    headers,
    body: handedOver.body,
  }
  const reading = readAlerts(handedOver, headers, taught)
  if ('deadLetter' in reading) return receiveDelivery(store, { ...common, ...reading })
  const { rules, active } = await quietInForce(store, settings)
  const ignored = await ignoredOf(store, handedOver.body, reading.alerts)
  const received = await receiveDelivery(store, { ...common, ...reading, quiet: { rules, active, ignored } })
  await heedPagerduty(store, handedOver.body)
  return received
}

/**
 * Takes in what its own flow could not, as `ingest`, and gives its incidents free: no flow was told of them, so the
 * clock's next claim starts their analysis.
 */
export async function ingestLate(
  store: Store,
  handedOver: HandedOver,
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<Received> {
  const received = await ingest(store, handedOver, taught, settings)
  for (const incident of received.incidents) await releaseDispatch(store, incident)
  return received
}

/** The alerts in a body, or why there are none to be had. */
export function readAlerts(handedOver: HandedOver, headers: Record<string, string>, taught: readonly Monitor[]) {
  try {
    const receivedAt = handedOver.receivedAt.toISOString()
    const body = parseJson(handedOver.body)
    const changes = readChanges(redactDeep(body), receivedAt)
    if (changes) return { monitor: 'change', alerts: [], changes }
    return readDelivery({ body, headers, receivedAt }, { taught })
  } catch (thrown) {
    const { code, message, hint } = toAppError(thrown)
    return { deadLetter: { code, message: `${message} ${hint}` } }
  }
}

/** The headers that are kept, of those that Kestra handed over as JSON. */
export function readHeaders(text: string): Record<string, string> {
  const parsed = Headers.safeParse(tryParseJson(text))
  const kept: Record<string, string> = {}
  if (!parsed.success) return kept
  for (const [name, value] of Object.entries(parsed.data)) {
    const lower = name.toLowerCase()
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined && keptHeaders.test(lower)) kept[lower] = first.slice(0, 500)
  }
  return kept
}
