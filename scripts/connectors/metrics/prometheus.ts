import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { requestJson } from '../../lib/http.ts'
import type { ConnectorContext } from '../connector.ts'
import { optionsOf } from '../gathering/options.ts'
import type { Series } from './baseline.ts'

const stepSeconds = 300

/** What `config/systems.yaml` says of a Prometheus. Its credentials are `token`, or `username` and `password`. */
export const PrometheusOptions = z.strictObject({
  /** Without `/api/v1`. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
  /** How its links in alerts begin, where that is another address. With it, links that begin otherwise are not its. */
  external_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
})

/** @throws AppError E_SETTING_INVALID */
export function prometheusPlace(system: System): z.infer<typeof PrometheusOptions> {
  return optionsOf(PrometheusOptions, system, { url: 'PROMETHEUS_URL' })
}

type Context = Pick<ConnectorContext, 'system' | 'signal'>

const Labels = z.record(z.string(), z.string())
const Sample = z.tuple([z.number(), z.string()])
const Vector = z.object({ result: z.array(z.object({ metric: Labels, value: Sample })) })
const Matrix = z.object({ result: z.array(z.object({ metric: Labels, values: z.array(Sample) })) })

/** The series of an expression at a time, without those that are no number. @throws AppError as `requestJson` does */
export async function valuesAt(context: Context, query: string, at: Date): Promise<Series[]> {
  const { result } = await ask(context, '/api/v1/query', { query, time: seconds(at) }, Vector)
  return result.map(({ metric, value }) => seriesOf(metric, [value])).filter(hasValues)
}

/** The series of an expression around a time, a value each five minutes. @throws AppError as `requestJson` does */
export async function valuesAround(
  context: Context,
  query: string,
  { middle, windowMs }: { middle: Date; windowMs: number },
): Promise<Series[]> {
  const edge = (sign: 1 | -1) => seconds(new Date(middle.getTime() + (sign * windowMs) / 2))
  const range = { query, start: edge(-1), end: edge(1), step: String(stepSeconds) }
  const { result } = await ask(context, '/api/v1/query_range', range, Matrix)
  return result.map(({ metric, values }) => seriesOf(metric, values)).filter(hasValues)
}

export async function versionOf(context: Context): Promise<string> {
  return (await ask(context, '/api/v1/status/buildinfo', {}, z.object({ version: z.string() }))).version
}

function seriesOf(labels: Series['labels'], samples: readonly z.infer<typeof Sample>[]): Series {
  return { labels, values: samples.map(([, value]) => Number(value)).filter(Number.isFinite) }
}

function hasValues({ values }: Series): boolean {
  return values.length > 0
}

const Envelope = z.object({ status: z.literal('success'), data: z.unknown() })

async function ask<T>(
  { system, signal }: Context,
  path: string,
  query: Record<string, string>,
  schema: z.ZodType<T>,
): Promise<T> {
  const { url } = prometheusPlace(system)
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
