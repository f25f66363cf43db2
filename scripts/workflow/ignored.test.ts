import { describe, expect, test } from 'vitest'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { listSources } from '../store/sources.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()

/** What we sent, as each system posts it back; `mark` is what we gave it as its key. */
const echoes: Record<string, (mark: string) => object> = {
  'PagerDuty, version 3': (mark) => ({
    event: {
      id: '01EVENT',
      event_type: 'incident.triggered',
      resource_type: 'incident',
      occurred_at: '2026-11-20T08:00:00.000Z',
      data: {
        id: 'PINC01',
        type: 'incident',
        status: 'triggered',
        incident_key: mark,
        title: 'HIGH: Table shop.public.orders is late',
        html_url: 'https://shop.pagerduty.com/incidents/PINC01',
        service: { id: 'PSVC01', summary: 'data platform', type: 'service_reference' },
        urgency: 'high',
      },
    },
  }),
  'PagerDuty, version 2': (mark) => ({
    messages: [
      {
        event: 'incident.trigger',
        incident: {
          id: 'PINC01',
          incident_key: mark,
          title: 'Table shop.public.orders is late',
          service: { name: 'data platform' },
        },
      },
    ],
  }),
  'an event to PagerDuty': (mark) => ({
    event_action: 'trigger',
    dedup_key: mark,
    payload: { summary: 'Table shop.public.orders is late', source: 'dim', severity: 'error' },
  }),
  Jira: (mark) => ({
    timestamp: 1795161600000,
    webhookEvent: 'jira:issue_created',
    issue_event_type_name: 'issue_created',
    issue: {
      id: '10001',
      key: 'DATA-7',
      fields: {
        summary: 'Table shop.public.orders is late',
        labels: ['data-incident', mark],
        status: { name: 'To Do' },
        priority: { name: 'High' },
      },
    },
  }),
  Slack: (mark) => ({
    token: 'x',
    team_id: 'T1',
    type: 'event_callback',
    event: {
      type: 'message',
      subtype: 'bot_message',
      bot_id: 'B1',
      text: 'HIGH: Table shop.public.orders failed',
      channel: 'C1',
      blocks: [{ type: 'header', block_id: mark, text: { type: 'plain_text', text: 'HIGH' } }],
    },
  }),
  'Slack, an edit': (mark) => ({
    type: 'event_callback',
    event: {
      type: 'message',
      subtype: 'message_changed',
      message: { bot_id: 'B1', text: 'failed', metadata: { event_type: 'dim', event_payload: { incident: mark } } },
    },
  }),
  Opsgenie: (mark) => ({
    action: 'Create',
    alert: { alertId: 'a-1', alias: mark, message: 'Table shop.public.orders is late', priority: 'P2' },
  }),
}
/** The same by SNS, and by Pub/Sub. */
const wraps: Record<string, (body: object) => object> = {
  plainly: (body) => body,
  'by SNS': (body) => ({
    Type: 'Notification',
    MessageId: 'm-1',
    TopicArn: 'arn:aws:sns:eu-central-1:123456789012:alerts',
    Message: JSON.stringify(body),
  }),
  'by Pub/Sub': (body) => ({
    subscription: 'projects/shop/subscriptions/alerts',
    message: { messageId: '1', data: Buffer.from(JSON.stringify(body)).toString('base64') },
  }),
}
const known = async (one: World) => one.open(lateTable())

describe.each(Object.entries(echoes))('what we sent and comes back from %s', (_, echo) => {
  test.each(Object.entries(wraps))('%s, opens nothing', async (_, wrap) => {
    const one = await world()
    const id = await known(one)
    for (const mark of [id, `dim-${id}`]) {
      expect(await one.fire(wrap(echo(mark)))).toMatchObject({ count: 0 })
    }
    expect(await count(one.store, 'incidents')).toBe(1)
  })

  test('hides nothing under an id that the store does not know, or one of another tenant', async () => {
    const [one, other] = [await world(), await world()]
    const foreign = await known(other)
    for (const mark of ['INC-2222222222', foreign, 'orders']) {
      await one.fire(echo(mark))
    }
    expect((await listSources(one.store)).length).toBeGreaterThan(0)
    expect(await count(one.store, 'incidents')).toBeGreaterThan(0)
  })
})

describe('Jira’s word of anything but an issue', () => {
  const event = (webhookEvent: string, rest: object) => ({ timestamp: 1795161600000, webhookEvent, ...rest })
  const issue = (key: string, labels: string[] = []) => ({
    id: '10001',
    key,
    fields: { summary: 'HIGH: orders failed', labels, status: { name: 'To Do' }, priority: { name: 'High' } },
  })
  const comment = { id: '1', body: 'the load failed again', author: { displayName: 'dim' } }
  test.each([
    [
      'a comment on an issue of ours',
      (mark: string) => event('comment_created', { comment, issue: issue('D-1', [mark]) }),
    ],
    ['a comment on another one', () => event('comment_updated', { comment, issue: issue('OPS-1') })],
    ['a link', () => event('issuelink_created', { issueLink: { id: 1, sourceIssueId: 1, destinationIssueId: 2 } })],
    ['a worklog', () => event('worklog_created', { worklog: { comment: 'failed twice', timeSpent: '1h' } })],
    ['a sprint', () => event('sprint_started', { sprint: { id: 1, name: 'Fix what failed', state: 'active' } })],
    ['a version', () => event('jira:version_released', { version: { id: 1, name: 'fixes failed loads' } })],
  ])('%s, opens nothing', async (_, body) => {
    const one = await world()
    const id = await known(one)
    expect(await one.fire(body(`incident:${one.store.tenant}/${id}`))).toMatchObject({ count: 0 })
    expect(await count(one.store, 'incidents')).toBe(1)
    expect(await count(one.store, 'dead_letters')).toBe(0)
  })

  test('an issue that we opened is known by its key alone, and another one is heard', async () => {
    const one = await world()
    const id = await known(one)
    await one.store.transaction((query) =>
      query.run(
        sql`insert into actions (tenant, key, incident, revision, kind, state, message, result)
            values (current_setting('dim.tenant'), 'k', ${id}, 1, 'jira', 'sent', '{}', '{"reference": "DATA-7"}')`,
      ),
    )
    expect(await one.fire(event('jira:issue_updated', { issue: issue('DATA-7') }))).toMatchObject({ count: 0 })
    expect(await one.fire(event('jira:issue_created', { issue: issue('DATA-8') }))).toMatchObject({ count: 1 })
  })
})

test.each([
  [
    'in its text',
    (id: string) =>
      lateTable({
        title: `shop.public.customers is late, as in ${id}`,
        metric: { name: 'n', table: 'shop.public.customers' },
      }),
  ],
  ['as its own id', (id: string) => lateTable({ alert_id: id, metric: { name: 'n', table: 'shop.public.customers' } })],
  [
    'in a label of a monitor',
    (id: string) => ({
      alerts: [
        { status: 'firing', labels: { alertname: 'Late', dedup_key: id, incident: id }, annotations: { summary: id } },
      ],
    }),
  ],
])('a real alert that names one of our incidents %s is heard', async (_, body) => {
  const one = await world()
  const id = await known(one)
  expect(await one.fire(body(id))).toMatchObject({ count: 1 })
})

describe('Kestra’s word of a failed flow', () => {
  const failed = (namespace: string, flowId: string) => ({
    id: 'exec-1',
    namespace,
    flowId,
    state: { current: 'FAILED', startDate: '2026-11-20T04:00:00Z' },
  })
  test.each([
    ['incident_management', 'alert_ingestion', 0],
    ['incident_management.acme', 'clock', 0],
    ['incident_management', 'nightly_load', 1],
    ['incident_management_other', 'clock', 1],
    ['shop.sales', 'alert_ingestion', 1],
  ])('%s.%s opens %d', async (namespace, flow, opened) => {
    const one = await world()
    expect(await one.fire(failed(namespace, flow))).toMatchObject({ count: opened })
  })
})

describe('a heartbeat', () => {
  const watchdog = (status: string, changes: object = {}) => ({
    receiver: 'dim',
    status,
    alerts: [{ status, labels: { alertname: 'Watchdog', severity: 'none', ...changes }, annotations: {} }],
  })
  test('is heard, and no alert', async () => {
    const one = await world()
    await one.fire(watchdog('firing'))
    await one.fire(watchdog('firing'))
    expect(await count(one.store, 'incidents')).toBe(0)
    expect(await listSources(one.store)).toMatchObject([{ source: 'alertmanager', heard: 2 }])
  })

  test('that ends is no sign of life', async () => {
    const one = await world()
    expect(await one.fire(watchdog('resolved'))).toMatchObject({ count: 0 })
    expect(await listSources(one.store)).toEqual([])
  })

  test('of another name is an alert', async () => {
    const one = await world()
    expect(await one.fire(watchdog('firing', { alertname: 'WatchdogBroken' }))).toMatchObject({ count: 1 })
  })
})
