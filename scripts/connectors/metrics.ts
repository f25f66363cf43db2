import type { Alert } from '../domain/alert.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import { AppError } from '../lib/errors.ts'
import type { Connector, ConnectorContext } from './connector.ts'
import { type Compared, compareSeries, type Series, weeks } from './metrics/baseline.ts'
import { directionOf, type Expression, expressionOf } from './metrics/expression.ts'
import { PrometheusOptions, prometheusPlace, valuesAround, valuesAt, versionOf } from './metrics/prometheus.ts'

const weekMs = 7 * 86_400_000
/** Around that hour, in both directions together. */
const windowMs = 3_600_000
/** So many alerts are measured, the newest, and of each so many series. */
const mostMeasured = 3

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
    key: measured(alerts)
      .map(keyOf)
      .concat(String(Math.floor(now.getTime() / 60_000))),
    seconds: 30,
  }),

  async gather({ alerts, now, asset }, context) {
    // A link is never followed: its expression is asked of the Prometheus that is configured.
    const own = measured(alerts.filter((alert) => isOf(context.system, alert)))
    const expressions = [...new Set(own.map(({ expression }) => expression))]
    const answers = await Promise.all(expressions.map((expression) => valuesOf(expression, now, context)))
    const pieces = own.flatMap((one) => {
      const answer = answers[expressions.indexOf(one.expression)]
      return answer ? measure(one, answer, now) : []
    })
    // An expression that is asked with its conditions has no series while they do not hold.
    const values = own.filter(({ condition }) => condition !== null)
    if (values.length > 0 && pieces.length === 0) {
      throw new AppError(
        'E_ASSET_UNKNOWN',
        `Prometheus has no series for ${values.map(({ name }) => name).join(', ')}, neither now nor in the ${weeks} weeks before.`,
        'Check that this is the Prometheus that the alert came from.',
      )
    }
    return pieces.map((piece) => ({ ...piece, asset: asset?.name ?? null }))
  },

  async check(context) {
    return { version: await versionOf(context), missingRights: [] }
  },
}

/** What the newest of the alerts measure, each once. */
function measured(alerts: readonly Alert[]): Expression[] {
  const found = alerts.map(expressionOf).filter((one) => one !== null)
  return [...new Map(found.map((one) => [keyOf(one), one])).values()].slice(-mostMeasured)
}

function keyOf({ expression, condition, labels }: Expression): string {
  return JSON.stringify([expression, condition, Object.entries(labels).sort()])
}

function isOf(system: System, { url }: Alert): boolean {
  const { external_url: external } = prometheusPlace(system)
  return external === undefined || (url?.startsWith(external) ?? false)
}

/** The series of an expression now, and those of each of the weeks before. */
interface Values {
  present: Series[]
  past: Series[][]
}

async function valuesOf(expression: string, now: Date, context: ConnectorContext): Promise<Values> {
  const [present, ...past] = await Promise.all([
    valuesAt(context, expression, now),
    ...Array.from({ length: weeks }, (_, index) => {
      const middle = new Date(now.getTime() - (index + 1) * weekMs)
      return valuesAround(context, expression, { middle, windowMs })
    }),
  ])
  return { present, past }
}

function measure(about: Expression, { present, past }: Values, now: Date): EvidenceDraft[] {
  const compared = compareSeries(present, past, about).slice(0, mostMeasured)
  return compared.map((one) => {
    const name = compared.length > 1 ? `${about.name} ${spellLabels(one.labels)}` : about.name
    return metricEvidence({ ...about, name }, one, now)
  })
}

function spellLabels(labels: Series['labels']): string {
  const said = Object.entries(labels).filter(([name]) => name !== '__name__')
  return oneLine(`{${said.map(([name, value]) => `${name}="${value}"`).join(', ')}}`, 150)
}

function metricEvidence({ name, condition }: Expression, compared: Compared, now: Date): EvidenceDraft {
  const { value, mean, max, min, isKnown } = compared
  const extreme = directionOf(condition) === 'low' ? `${rounded(min)} at least` : `${rounded(max)} at most`
  const usual =
    mean === null
      ? 'nothing is known of the weeks before'
      : `at this hour of ${compared.weeks} of ${weeks} weeks before: ${rounded(mean)} on average, ${extreme}`
  const verdict = { true: ', so this is known', false: ', so this is not known', null: '' }[`${isKnown}`]
  return {
    source: 'metrics',
    kind: 'metric',
    observed_at: now.toISOString(),
    summary: `${name} is ${value === null ? 'without a value' : rounded(value)} now; ${usual}${verdict}.`,
    data: {
      name,
      value: rounded(value),
      threshold: condition?.limit ?? null,
      baseline_mean: rounded(mean),
      baseline_max: rounded(max),
      baseline_min: rounded(min),
      pattern: isKnown ? 'the same at this weekday and hour' : null,
      is_known: isKnown,
      weeks: compared.weeks,
      series: compared.labels,
    },
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4))
}
