import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import { AppError } from '../lib/errors.ts'
import { requestJson } from '../lib/http.ts'
import type { Connector, ConnectorContext } from './connector.ts'

const weekMs = 7 * 86_400_000
/** The same weekday and hour of so many weeks before are what is usual. */
const weeks = 4
/** Around that hour, in both directions. */
const windowSeconds = 3_600
const stepSeconds = 300
const longestQuery = 2_000

const PrometheusOptions = z.strictObject({
  /** Without `/api/v1`. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
  /** How its links in alerts begin, where that is another address. With it, links that begin otherwise are not its. */
  external_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
})

/** Prometheus: the value that an alert is about, now and at the same hour of the weeks before. */
export const metrics: Connector = {
  name: 'metrics',
  kinds: { prometheus: PrometheusOptions },
  settings: ['PROMETHEUS_URL', 'PROMETHEUS_TOKEN'],
  fromSettings({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN: token }) {
    return url ? { kind: 'prometheus', options: { url }, credentials: token ? { token } : {} } : null
  },
  topics: ['load', 'runs', 'tables', 'business'],
  concerns: ({ alerts, isLead }) => !isLead && alerts.some((alert) => expressionOf(alert) !== null),
  owns: () => false,
  shared: ({ alerts, now }) => ({
    key: [...new Set(alerts.flatMap((alert) => expressionOf(alert)?.expression ?? []))]
      .sort()
      .concat(String(Math.floor(now.getTime() / 60_000))),
    seconds: 30,
  }),

  async gather({ alerts, now, asset }, context) {
    // A link is never followed: its expression is asked of the Prometheus that is configured.
    const found = alerts
      .filter((alert) => isOf(context.system, alert))
      .map(expressionOf)
      .filter((one) => one !== null)
    const distinct = [...new Map(found.map((one) => [one.expression, one])).values()].slice(-3)
    const pieces = await Promise.all(distinct.map((one) => measure(one, now, context)))
    return pieces.flat().map((piece) => ({ ...piece, asset: asset?.name ?? null }))
  },

  async check(context) {
    const { version } = await ask(context, '/api/v1/status/buildinfo', {}, z.object({ version: z.string() }))
    return { version, missingRights: [] }
  },
}

interface Expression {
  name: string
  /** PromQL, as Prometheus itself wrote it into the alert's link, without the comparison. */
  expression: string
  threshold: number | null
}

/** `up == 0`, `mem_percent{…} > 90`: what is compared, and with what. */
const comparison = /^(.+?)\s*(?:>=|<=|==|!=|>|<)(?:\s*bool)?\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/is

/**
 * The series of an alert: the expression in the link of a Prometheus graph (`g0.expr`), held to the alert's own labels
 * by nothing but Prometheus' own matching. Null where there is none: an expression is never made up.
 */
function expressionOf({ url, labels }: Alert): Expression | null {
  const text = url && URL.canParse(url) ? new URL(url).searchParams.get('g0.expr') : null
  if (!text || text.length > longestQuery) return null
  const [, compared, limit] = comparison.exec(text) ?? []
  return {
    name: oneLine(labels.alertname ?? compared ?? text, 100),
    expression: (compared ?? text).trim(),
    threshold: limit === undefined ? null : Number(limit),
  }
}

function isOf({ options }: System, { url }: Alert): boolean {
  const { external_url: external } = PrometheusOptions.parse(options)
  return external === undefined || (url?.startsWith(external) ?? false)
}

const Sample = z.tuple([z.number(), z.string()])
const Vector = z.object({ result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Sample })) })
const Matrix = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(Sample) })),
})

async function measure(
  { name, expression, threshold }: Expression,
  now: Date,
  context: ConnectorContext,
): Promise<EvidenceDraft[]> {
  const [present, ...past] = await Promise.all([
    ask(context, '/api/v1/query', { query: expression, time: seconds(now) }, Vector),
    ...Array.from({ length: weeks }, (_, index) => {
      const middle = now.getTime() - (index + 1) * weekMs
      const from = seconds(new Date(middle - (windowSeconds * 1000) / 2))
      const until = seconds(new Date(middle + (windowSeconds * 1000) / 2))
      return ask(
        context,
        '/api/v1/query_range',
        { query: expression, start: from, end: until, step: String(stepSeconds) },
        Matrix,
      )
    }),
  ])
  const values = present.result.map(({ value }) => Number(value[1])).filter(Number.isFinite)
  const before = past
    .flatMap(({ result }) => result.flatMap((one) => one.values.map(([, value]) => Number(value))))
    .filter(Number.isFinite)
  const value = values.length > 0 ? Math.max(...values) : null
  if (value === null && before.length === 0) return []
  const measuredWeeks = past.filter(({ result }) => result.length > 0).length
  const mean = before.length > 0 ? rounded(before.reduce((sum, one) => sum + one, 0) / before.length) : null
  const highest = before.length > 0 ? rounded(Math.max(...before)) : null
  const usual =
    mean === null
      ? 'nothing is known of the weeks before'
      : `at this hour of ${measuredWeeks} of ${weeks} weeks before: ${mean} on average, ${highest} at most`
  return [
    {
      source: 'metrics',
      kind: 'metric',
      observed_at: now.toISOString(),
      summary: `${name} is ${value === null ? 'without a value' : rounded(value)} now; ${usual}.`,
      data: {
        name,
        value: value === null ? null : rounded(value),
        threshold,
        baseline_mean: mean,
        baseline_max: highest,
        pattern:
          measuredWeeks >= 2 && value !== null && highest !== null && value <= highest
            ? 'the same at this weekday and hour'
            : null,
        weeks: measuredWeeks,
      },
    },
  ]
}

const Envelope = z.object({ status: z.literal('success'), data: z.unknown() })

async function ask<T>(
  { system, signal }: ConnectorContext,
  path: string,
  query: Record<string, string>,
  schema: z.ZodType<T>,
): Promise<T> {
  const { url } = PrometheusOptions.parse(system.options)
  const { token, username, password } = system.credentials
  const basic = username && password ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : null
  const authorization = token ? `Bearer ${token}` : basic
  const answer = await requestJson(
    `${url.replace(/\/+$/, '')}${path}?${new URLSearchParams({ ...query, timeout: '4s' })}`,
    {
      system: 'Prometheus',
      signal,
      retries: 1,
      ...(authorization ? { headers: { authorization } } : {}),
      schema: Envelope,
    },
  )
  const parsed = schema.safeParse(answer.data)
  if (parsed.success) return parsed.data
  throw new AppError(
    'E_HTTP_ANSWER',
    'Prometheus answered in a shape that is not known.',
    'Check that the address is that of a Prometheus.',
  )
}

function seconds(at: Date): string {
  return String(at.getTime() / 1000)
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
