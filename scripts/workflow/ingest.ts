import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { parseJson, tryParseJson } from '../lib/json.ts'
import type { Monitor } from '../monitors/monitor.ts'
import type { Store } from '../store/connection.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import { type ReadDelivery, type Received, receiveDelivery } from '../store/receive.ts'
import { WebhookKey } from '../store/sources.ts'
import { ignoredOf } from './ignored.ts'
import { heedPagerduty } from './pagerduty.ts'
import { placeAlerts } from './places.ts'
import { type InForce, quietInForce } from './quiet.ts'
import { readBody } from './read-body.ts'

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
  /** `current` or `previous`, as the trigger said; anything else, and nothing, is no delivery by a key. */
  webhookKey?: string
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
  const [delivery] = await readDeliveries(store, [handedOver], taught, settings)
  if (!delivery) throw new Error('A delivery that was handed over is not here.')
  const received = await receiveDelivery(store, delivery)
  if (!('deadLetter' in delivery)) await heedPagerduty(store, handedOver.body)
  return received
}

/**
 * Takes in what its own flow could not, as `ingest`, and gives its incidents free: no flow was told of them, so the
 * next claim starts their analysis. Several are taken in together: all of them, or with a fault none.
 */
export async function ingestLate(
  store: Store,
  handedOver: readonly HandedOver[],
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<void> {
  const deliveries = await readDeliveries(store, handedOver, taught, settings)
  await store.transaction(async (query) => {
    for (const delivery of deliveries) {
      const { incidents } = await receiveDelivery(query, delivery)
      for (const incident of incidents) await releaseDispatch(query, incident)
    }
  })
  for (const delivery of deliveries) if (!('deadLetter' in delivery)) await heedPagerduty(store, delivery.body)
}

async function readDeliveries(
  store: Store,
  handedOver: readonly HandedOver[],
  taught: readonly Monitor[],
  settings: Settings,
): Promise<ReadDelivery[]> {
  const deliveries: ReadDelivery[] = []
  let inForce: InForce | undefined
  for (const each of handedOver) {
    const { originalId, executionId, body } = each
    const headers = readHeaders(each.headers)
    const webhookKey = WebhookKey.safeParse(each.webhookKey).data ?? null
    const common = { originalId, executionId, headers, body, webhookKey }
    const reading = readAlerts(each, headers, taught)
    if ('deadLetter' in reading) {
      deliveries.push({ ...common, ...reading })
      continue
    }
    inForce ??= await quietInForce(store, settings)
    const { rules, active } = inForce
    const alerts = await placeAlerts(store, reading.alerts, settings)
    const ignored = await ignoredOf(store, body, alerts)
    deliveries.push({ ...common, ...reading, alerts, quiet: { rules, active, ignored } })
  }
  return deliveries
}

/** The alerts in a body, or why there are none to be had. */
export function readAlerts(handedOver: HandedOver, headers: Record<string, string>, taught: readonly Monitor[]) {
  try {
    const receivedAt = handedOver.receivedAt.toISOString()
    return readBody({ body: parseJson(handedOver.body), headers, receivedAt }, { taught })
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
