/** What a storm is made of. Condition, asset and source of a delivery follow from its number. */
export interface StormShape {
  alerts: number
  conditions: number
  assets: number
  sources: number
}

/** One condition at one delivery. */
interface Firing {
  /** Names the storm, so that two storms are no repetition of each other. */
  storm: string
  delivery: number
  check: string
  /** `DATABASE.SCHEMA.TABLE`, on Snowflake. */
  database: string
  schema: string
  table: string
  at: Date
}

export interface StormBody {
  /** The condition's number. */
  condition: number
  headers: Record<string, string>
  body: string
}

/** The vendors that take turns; sources beyond them are the plain shape under names of their own. */
const vendors: readonly ((firing: Firing) => object)[] = [plain, alertmanager, grafana, datadog, cloudwatch]

/**
 * The delivery of that number: each condition in turn, each in the shape of the one source that watches it. What a
 * monitor changes from delivery to delivery (ids, times, values) changes here too.
 */
export function stormBody(shape: StormShape, storm: string, delivery: number, at: Date): StormBody {
  const condition = delivery % shape.conditions
  const asset = condition % shape.assets
  const source = condition % shape.sources
  const firing: Firing = {
    storm,
    delivery,
    check: `freshness_${condition}`,
    database: 'ANALYTICS',
    schema: `${storm}`.toUpperCase(),
    table: `TABLE_${asset}`,
    at,
  }
  const make = vendors[source]
  const body = make ? make(firing) : { ...plain(firing), source: `storm-monitor-${source}` }
  return { condition, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

const nameOf = ({ database, schema, table }: Firing) => `${database}.${schema}.${table}`
const titleOf = (firing: Firing) => `${nameOf(firing)} is stale (${firing.check})`
const reason = 'The last load ended 7 hours ago; the warehouse does not answer: connection timed out.'

function plain(firing: Firing) {
  return {
    alert_id: `${firing.storm}-${firing.delivery}`,
    check_id: firing.check,
    timestamp: firing.at.toISOString(),
    source: 'storm-monitor',
    title: titleOf(firing),
    severity: 'high',
    description: reason,
    metric: {
      name: 'hours_since_load',
      value: 7 + (firing.delivery % 10) / 10,
      threshold: 6,
      database: firing.database,
      schema: firing.schema,
      table: firing.table,
    },
    related_context: { environment: 'production', platform: 'snowflake' },
  }
}

function labelsOf(firing: Firing): Record<string, string> {
  const { database, schema, table, check } = firing
  return {
    alertname: 'DatasetStale',
    check,
    database,
    schema,
    table,
    severity: 'high',
    env: 'production',
    platform: 'snowflake',
  }
}

function alertmanager(firing: Firing) {
  const labels = labelsOf(firing)
  return {
    version: '4',
    groupKey: `{}:{check="${firing.check}"}`,
    receiver: 'incidents',
    status: 'firing',
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'https://alertmanager.example.com',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations: { summary: titleOf(firing), description: reason },
        startsAt: firing.at.toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'https://prometheus.example.com/graph?g0.expr=hours_since_load',
      },
    ],
  }
}

function grafana(firing: Firing) {
  const labels = { ...labelsOf(firing), grafana_folder: 'Warehouse' }
  return {
    receiver: 'incidents',
    status: 'firing',
    orgId: 1,
    alerts: [
      {
        status: 'firing',
        labels,
        annotations: { summary: titleOf(firing), description: reason },
        startsAt: firing.at.toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'https://grafana.example.com/alerting/grafana/storm/view?orgId=1',
        values: { B: 7 + (firing.delivery % 10) / 10 },
        valueString: "[ var='B' labels={} value=7 ]",
      },
    ],
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'https://grafana.example.com/',
    version: '1',
    groupKey: `{}:{check="${firing.check}"}`,
    title: `[FIRING:1] ${titleOf(firing)}`,
    state: 'alerting',
  }
}

function datadog(firing: Firing) {
  const { database, schema, table, check, at } = firing
  const tags = `env:production,platform:snowflake,database:${database},schema:${schema},table:${table},check:${check}`
  return {
    id: `77${String(firing.delivery).padStart(16, '0')}`,
    last_updated: String(at.getTime()),
    event_type: 'metric_alert_monitor',
    title: `[P2] [Triggered on {table:${nameOf(firing)}}] ${titleOf(firing)}`,
    date: String(at.getTime()),
    org: { id: '4411', name: 'Example' },
    alert_id: check,
    alert_transition: 'Triggered',
    priority: 'P2',
    tags,
    body: `%%%\n${reason}\n%%%`,
  }
}

function cloudwatch(firing: Firing) {
  return {
    AlarmName: `${nameOf(firing)}-${firing.check}`,
    AlarmDescription: `[P2] ${titleOf(firing)}`,
    AWSAccountId: '111122223333',
    AlarmArn: `arn:aws:cloudwatch:eu-west-1:111122223333:alarm:${nameOf(firing)}-${firing.check}`,
    NewStateValue: 'ALARM',
    OldStateValue: 'OK',
    NewStateReason: `Threshold Crossed: 1 datapoint was greater than the threshold (6.0). ${reason}`,
    StateChangeTime: firing.at.toISOString(),
    Region: 'EU (Ireland)',
    Trigger: {
      MetricName: 'HoursSinceLoad',
      Namespace: 'Data/Warehouse',
      Statistic: 'MAXIMUM',
      Dimensions: [{ name: 'table', value: nameOf(firing) }],
      Period: 60,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 6.0,
    },
  }
}
