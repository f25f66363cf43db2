import { describe, expect, it } from 'vitest'
import { readDelivery } from './index.ts'

const read = (body: unknown) => readDelivery({ body, headers: {}, receivedAt: '2026-11-20T08:00:00.000Z' })
const first = (body: unknown) => {
  const [alert] = read(body).alerts
  if (alert === undefined) throw new Error('The body gave no alert.')
  return alert
}

describe('generic: what says that something went wrong is an alert, whatever its keys', () => {
  it.each<[string, unknown, string]>([
    [
      'a nested flag',
      { dataset: { full_name: 'lake.gold.ledger' }, run: { id: 7 }, outcome: { success: false } },
      'lake.gold.ledger',
    ],
    ['an exit code', { script: 'close_books.sh', server: 'fin-02', rc: 3, message: 'ORA-7' }, 'fin-02'],
    ['an exit code as text', { jobname: 'close_books', exit_code: '137' }, 'close_books'],
    [
      'an error under a short key',
      { type: 'INSERT', table: 'load_log', schema: 'ops', record: { err: 'relation is gone', n: 4 } },
      'ops.load_log',
    ],
    ['a finding', { model: 'churn_model', prediction_drift: true, share: 0.4 }, 'churn_model'],
    ['a finding as a word', { metric: 'open_files', queue: 'scan-in', value: '900', breach: 'yes' }, 'scan-in'],
    ['a count of failures', { suite: 'ledger', failed_tests: 4, passed: 9, table: 'gold.ledger' }, 'gold.ledger'],
    [
      'a word of failure alone',
      { left: 'lake.raw_ledger', right: 'dwh.raw.ledger_lines', verdict: 'MISMATCH' },
      'lake.raw_ledger',
    ],
    [
      'a callback',
      { dag: 'close_month', task: 'post_entries', ds: '2026-10-31', exc: 'ValueError: 7', callback: 'on_failure' },
      'close_month.post_entries',
    ],
    ['German', { pruefung: 'Nullwerte', tabelle: 'dwh.konten', ergebnis: 'FEHLER' }, 'dwh.konten'],
    ['French', { probleme: 'fichier absent', ou: 'lac.comptes', niveau: 'grave' }, 'lac.comptes'],
    ['Spanish', { proceso: 'cierre_mes', resultado: 'fallido' }, 'cierre_mes'],
    ['Polish', { zadanie: 'zamkniecie', wynik: 'błąd', serwer: 'fin-pl-1' }, 'zamkniecie'],
    ['what and where', { what: 'row count fell by half', where: 'dwh.gold.ledger', ok: false }, 'dwh.gold.ledger'],
    ['an alert that is on', { alert_type: 'memory', database: 'sessions', state: 'on' }, 'sessions'],
  ])('%s', (_name, body, name) => {
    expect(first(body)).toMatchObject({ status: 'firing', asset: { name } })
  })

  it.each<[string, unknown]>([
    ['a flag', { what: 'row count', where: 'dwh.gold.ledger', ok: true }],
    ['an exit code', { script: 'close_books.sh', server: 'fin-02', rc: 0, message: 'done' }],
    ['no finding', { model: 'churn_model', prediction_drift: false, share: 0.02 }],
    ['no breach', { metric: 'open_files', queue: 'scan-in', value: '9', breach: 'no' }],
    ['a state with its former one', { title: 'Ledger is behind', state: { now: 'fine', before: 'broken' } }],
    ['Spanish', { proceso: 'cierre_mes', resultado: 'correcto', mensaje: 'Terminado sin errores' }],
    [
      'a description',
      { monitor: 'close month', description: 'All checks are passing on the last 3 runs.\nLasted 9 min' },
    ],
    [
      'an event beside the kind of alert',
      { event: 'job.alert.resolved', alert_type: 'FailureAlertRule', message: 'Job recovered' },
    ],
  ])('%s that all is well closes it', (_name, body) => {
    expect(first(body).status).toBe('resolved')
  })

  it.each<[string, unknown]>([
    ['a title of failure, beside a flag of another kind', { title: 'Load of ledger failed', timed_out: false }],
    ['a run that says it is done and then that it failed', { job: 'close_month', status: 'completed', success: false }],
    ['a good word beside an exit code', { job: 'close_month', status: 'ok', exit_code: 2 }],
    [
      'a pipeline beside its parts',
      {
        object: { status: 'failed', name: 'Close' },
        builds: [
          { name: 'a', status: 'success' },
          { name: 'b', status: 'failed' },
        ],
      },
    ],
    [
      'a text that holds an all-clear and trouble',
      { monitor: 'ledger', description: 'The check recovered, but 3 tables are missing' },
    ],
  ])('never takes for well %s', (_name, body) => {
    expect(first(body).status).toBe('firing')
  })

  it.each<[string, unknown]>([
    ['numbers', { cpu: 3, memory: 9 }],
    ['a metric', { metric: 'open_files', value: 12 }],
    ['settings', { retry: { on: 'failure' }, colour: 'red', region: 'eu' }],
  ])('finds none in %s', (_name, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'E_PAYLOAD_NO_ALERT' }))
  })
})

describe('generic: only a body that says nothing is refused', () => {
  it.each<[string, unknown, object]>([
    [
      'a short description',
      { number: 'INC330017', short_description: 'Copy of cost centres waits for a lock', state: '2', priority: '2' },
      { title: 'Copy of cost centres waits for a lock', status: 'firing', severity: 'HIGH' },
    ],
    [
      'a summary of its own name',
      { record: { key: 'OPS-7', failure_summary: 'Export of cost centres is missing' } },
      { title: 'Export of cost centres is missing' },
    ],
    [
      'a sentence',
      { observed: 'the loader wrote nothing since four' },
      { title: 'the loader wrote nothing since four' },
    ],
    [
      'an event that is a kind of trouble',
      { event_type: 'freshness_violation', database_name: 'costs', hours: 7 },
      { title: 'costs: freshness_violation', category: 'freshness' },
    ],
    ['a kind of trouble', { kind: 'drift', model: 'churn_model', psi: 0.4 }, { title: 'churn_model: drift' }],
    ['a severity', { severity: 'critical', host: 'fin-db-2' }, { severity: 'CRITICAL', asset: { name: 'fin-db-2' } }],
  ])('%s is an alert', (_name, body, expected) => {
    expect(first(body)).toMatchObject(expected)
  })

  it.each<[string, unknown]>([
    ['plain facts', { address: '12 Main Street', plan: 'gold', seats: 4 }],
    ['a greeting', { hello: 'world' }],
    ['a state of what is no trouble', { shop: 'berlin', status: 'open' }],
  ])('%s is none', (_name, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'E_PAYLOAD_NO_ALERT' }))
  })
})

describe('generic: what speaks of the matter decides', () => {
  it.each<[string, unknown, string]>([
    [
      'what was before, or was found out',
      { event: 'copy.failed', job: 'close_costs', previous: { status: 'ok' }, investigation: { state: 'resolved' } },
      'firing',
    ],
    ['a part beside a failing event', { type: 'copy.failed', loader: { status: 'ok' }, job: 'close_costs' }, 'firing'],
    [
      'the life of a rule',
      { event: 'CHECK_RESULT', check: { name: 'nulls', status: 'ACTIVE' }, resultStatus: 'PASS' },
      'resolved',
    ],
    ['the word alert before a success', { type: 'alert.copy.success', job: 'close_costs' }, 'resolved'],
    ['a key of the end', { alert: { name: 'Depth of costs queue' }, clear: 'normal' }, 'resolved'],
    ['a level', { check: 'lag', host: 'a-1', level: 'OK', details: 'CRITICAL above 9' }, 'resolved'],
    ['an alarm that is off', { alarm: false, sensor: 'rack-7' }, 'resolved'],
    ['an alarm that is on', { alarm: true, sensor: 'rack-7' }, 'firing'],
    ['a beat that was missed', { event: 'heartbeat_missed', service: 'loader' }, 'firing'],
    ['an end without errors', { text: 'Load of costs finished in 42 min (0 errors)' }, 'resolved'],
    ['an end with errors', { text: 'Load of costs finished in 42 min (3 errors)' }, 'firing'],
    ['counts of a text', { text: 'Tests: 0 failed, 40 passed' }, 'resolved'],
    ['worse counts of a text', { text: 'Tests: 3 failed, 40 passed' }, 'firing'],
    ['counts', { suite: 'nightly', total: 40, passed: 40, failed: 0 }, 'resolved'],
    ['a colour', { attachments: [{ color: 'good', title: 'Load of costs' }] }, 'resolved'],
    ['trouble before a colour', { attachments: [{ color: 'good', title: 'Load of costs failed' }] }, 'firing'],
    ['a line of a log', { level: 'info', msg: 'replica is in sync', host: 'fin-2' }, 'info'],
    ['a worse line of a log', { level: 'info', msg: 'copy failed', host: 'fin-2' }, 'firing'],
    ['German trouble', { zustand: 'gestört', dienst: 'lader' }, 'firing'],
    ['a time of the end', { title: 'Queue is long', closed_at: '2026-11-01T02:00:00Z' }, 'resolved'],
    ['but not one of year 1', { title: 'Queue is long', closed_at: '0001-01-01T00:00:00Z' }, 'firing'],
    ['a number beside a word of the end', { event: 'finished', builder: 'costs-ci', results: 2 }, 'firing'],
    ['a good number', { event: 'finished', builder: 'costs-ci', results: 0 }, 'resolved'],
    [
      'the state of a ticket',
      { number: 'INC330017', short_description: 'Copy waits for a lock', state: 7 },
      'resolved',
    ],
  ])('%s', (_name, body, status) => {
    expect(first(body).status).toBe(status)
  })
})

describe('generic: how bad it is', () => {
  it.each<[string, unknown, string]>([
    ['a state', { check: 'lag', host: 'a-1', state: 'crit' }, 'CRITICAL'],
    ['a mild state', { check: 'lag', host: 'a-1', state: 'warn' }, 'MEDIUM'],
    [
      'a word beside a number',
      { table: 'costs', worst_severity: 1, text: 'Rows are late\n*Worst severity*: fatal' },
      'CRITICAL',
    ],
    ['Dutch', { tabel: 'costs', bericht: 'Te laat geladen', prioriteit: 'hoog' }, 'HIGH'],
    ['Czech', { tabulka: 'costs', zprava: 'Zpoždění načtení', priorita: 'vysoká' }, 'HIGH'],
  ])('by %s', (_name, body, severity) => {
    expect(first(body).severity).toBe(severity)
  })
})

describe('generic: titles name the matter', () => {
  it.each<[string, unknown, string]>([
    ['an event', { event: 'probe.down', probe_target: { alias: 'Books portal' } }, 'Books portal: probe.down'],
    ['a state', { status: 'TIMED-OUT', actor: 'scrape-costs' }, 'scrape-costs: TIMED-OUT'],
    [
      'an error',
      { event: 'copy.failed', job_name: 'close_costs', error: { message: 'relation is gone' } },
      'close_costs: relation is gone',
    ],
    ['a kind of event', { event_type: 'vm_backup', hostname: 'fin-2', status: 'failed' }, 'fin-2: vm_backup failed'],
  ])('%s is told with what it is of', (_name, body, title) => {
    expect(first(body).title).toBe(title)
  })
})

describe('generic: messages of chats', () => {
  it.each<[string, unknown]>([
    [
      'Discord',
      {
        content: '**Costs load failed**',
        embeds: [{ title: 'close_costs', description: 'Severity: high', fields: [{ name: 'Host', value: 'fin-2' }] }],
      },
    ],
    [
      'WeCom',
      {
        msgtype: 'markdown',
        markdown: { content: '## <font color="warning">Costs load failed</font>\n> 主机: fin-2\n> 级别: 高' },
      },
    ],
    [
      'Feishu',
      {
        msg_type: 'interactive',
        card: {
          header: { title: { tag: 'plain_text', content: 'Costs load failed' } },
          elements: [{ tag: 'div', text: { tag: 'lark_md', content: '**Host:** fin-2\n**Severity:** P2' } }],
        },
      },
    ],
    ['DingTalk', { msgtype: 'text', text: { content: 'Costs load failed\nHost: fin-2\nSeverity: high' } }],
  ])('%s', (_name, body) => {
    expect(first(body)).toMatchObject({
      title: 'Costs load failed',
      status: 'firing',
      severity: 'HIGH',
      asset: { name: 'fin-2' },
    })
  })

  it.each<[string, unknown]>([
    [
      'a button',
      { user_id: 'u', channel_id: 'c', type: 'button', context: { action: 'silence', alert: 'CRITICAL: x' } },
    ],
    ['a command', { command: '/silence', text: 'CRITICAL', response_url: 'https://chat.example/1', user_id: 'u' }],
    ['a card', { type: 'CARD_CLICKED', user: { name: 'ann' }, message: { text: 'CRITICAL: x is down' } }],
  ])('%s that was pressed is no alert', (_name, body) => {
    expect(read(body).alerts).toEqual([])
  })

  it("reads the trigger of a monitor, whose id has the name of a chat's", () => {
    expect(first({ trigger_id: 1399, host: 'fin-2', subject: 'Free space is low' }).status).toBe('firing')
  })
})

describe('generic: several in one body', () => {
  const two = [
    { title: 'Ledger is late', table: 'a.b.ledger', status: 'firing' },
    { title: 'Accounts are short', table: 'a.b.accounts', status: 'resolved' },
  ]
  const expected = [
    { title: 'Ledger is late', status: 'firing', asset: { name: 'a.b.ledger' } },
    { title: 'Accounts are short', status: 'resolved', asset: { name: 'a.b.accounts' } },
  ]

  it.each<[string, unknown]>([
    ['under a name that is not known', { findings: two }],
    ['with a name around them', { report: 'nightly', failed_checks: two }],
    ['in capitals', { Alerts: two }],
    ['one object below', { source: 'acme', data: { alerts: two } }],
    ['one object below, under a name that is not known', { result: { anomalies: two } }],
  ])('reads a list %s', (_name, body) => {
    expect(read(body).alerts).toMatchObject(expected)
  })

  it('reads attachments that each speak of a thing of their own', () => {
    const attachment = (title: string, value: string) => ({
      title,
      color: 'danger',
      fields: [{ title: 'Table', value }],
    })
    const body = {
      attachments: [attachment('Ledger is late', 'a.b.ledger'), attachment('Accounts are late', 'a.b.accounts')],
    }
    expect(read(body).alerts.map(({ asset }) => asset?.name)).toEqual(['a.b.ledger', 'a.b.accounts'])
  })

  it('reads a dictionary of checks', () => {
    const checks = { 'gold.ledger.freshness': { ok: true, h: 1 }, 'gold.accounts.volume': { ok: false, rows: 3 } }
    expect(read({ suite: 'nightly', checks }).alerts).toMatchObject([
      { title: 'gold.ledger.freshness', status: 'resolved' },
      { title: 'gold.accounts.volume', status: 'firing' },
    ])
  })

  it.each<[string, unknown]>([
    [
      'parts of a run',
      {
        pipeline: 'close',
        steps: [
          { name: 'a', status: 'success' },
          { name: 'b', status: 'failed' },
        ],
      },
    ],
    ['details of what is said above them', { title: 'Three tables of gold are late', tables: two }],
    ['what belongs to an alert with a state', { title: 'Ledger', status: 'failed', items: two }],
    ['two sides of a matter', { table: 'a.b.c', verdict: 'MISMATCH', old: { status: 'ok' }, new: { status: 'bad' } }],
  ])('takes %s for one alert', (_name, body) => {
    expect(read(body).alerts).toMatchObject([{ status: 'firing' }])
  })
})

describe('generic: what is no alert', () => {
  it.each<[string, unknown]>([
    ['the beginning of a run', { event: 'sync.triggered', sync_id: 7 }],
    ['a remark', { event: 'incident.notes.created', data: { message: 'restarting the failed worker' } }],
    ['a comment', { event: 'commented', message: 'is it critical?', fault: { resolved: false } }],
    [
      'a button in a chat',
      { type: 'block_actions', actions: [{ value: 'x' }], message: { text: 'CRITICAL: ledger down' } },
    ],
    ['a deployment', { event_name: 'deploy', data: { deploy: { comment: 'release 9', environment: 'production' } } }],
    ['a request to deploy', { event: 'deploy_request.opened', resource: { state: 'open', number: 4 } }],
    [
      'a new version',
      { entity: 'model_version', action: 'created', data: { name: 'churn', tags: { failed_runs: '2' } } },
    ],
    [
      'a request to merge',
      { object_kind: 'merge_request', object_attributes: { state: 'opened', title: 'Fix failed load' } },
    ],
    ['a change', { issue: { type: 'change', state: 'OPEN', text: 'Detected change: loader redeployed' } }],
    ['a rule that was made', { eventType: 'QUALITY_RULE_CREATED', rule: { name: 'nulls', status: 'ACTIVE' } }],
    ['a schedule that was changed', { event: 'SCHEDULE_UPDATED', schedule: 'nightly' }],
    ['a scan that has ended', { type: 'SCANNING_COMPLETED', repository: 'fin/loader', scan_status: 'Success' }],
    ['planned work', { title: 'Upgrade: expect failed loads', status: 'Planned', event_type: 'MAINTENANCE_PLANNED' }],
    [
      'planned work of a named source',
      { source: 'pages', title: 'Maintenance: loads will fail', description: 'x', status: 'Scheduled' },
    ],
    ['what a team did', { text: 'Deployed loader v7 to production', username: 'ci' }],
    ['a report', { subject: 'Weekly report: 3 incidents last week' }],
    ['a file that somebody sent', { event: 'report.uploaded', file: 'a.pdf' }],
    ['a test', { type: 'alert', data: { question_name: 'Test alert' } }],
  ])('%s', (_name, body) => {
    expect(first(body).status).toBe('info')
  })

  it.each<[string, unknown]>([
    ['a deployment that failed', { event: 'deployment', status: 'failed', service: 'loader' }],
    ['a deployment of which less is there', { type: 'deployment', name: 'loader', status: 'unavailable' }],
    ['a note that says how bad it is', { event: 'note', severity: 'critical', message: 'Disk of ledger is full' }],
    ['a success with failures', { job: 'close', status: 'success', failed_rows: 7 }],
    ['a word that is not English', { auftrag: 'close', ausgang: 'gescheitert' }],
    [
      'a rule that was changed, and is grave',
      { event: 'policy.deleted', severity: 'critical', title: 'Masking failed' },
    ],
    ['a report of trouble', { subject: 'Weekly report is missing' }],
    ['what a team did, and broke', { text: 'Deployed loader v7, loads are stuck' }],
    ['a scan that failed', { event: 'scan.failed', repository: 'fin/loader' }],
    ['a run that ended badly', { event: 'sync.failed', sync_id: 7 }],
    ['a change in data', { type: 'change', table: 'a.b.ledger', message: 'Row count changed by 80 %' }],
    ['an incident that was opened', { event: 'incident.created', entity: 'incident', title: 'Ledger is short' }],
  ])('but %s is one', (_name, body) => {
    expect(first(body).status).toBe('firing')
  })
})

describe('generic: the same condition again', () => {
  const same = (one: unknown, other: unknown) => first(one).fingerprint === first(other).fingerprint
  const script = { script: '/srv/close.sh', host: 'fin-1' }
  const cron = (name: string) => ({
    workflowName: `close-${name}`,
    phase: 'Failed',
    labels: { 'workflows.argoproj.io/cron-workflow': 'close' },
    status: { message: `child 'close-${name}-77' failed` },
  })
  const failed = {
    event: 'sync.alert.raised',
    sync_id: 44,
    message: 'Sync failed',
    details: 'model gold.lead_scores has no column x',
  }

  it.each<[string, unknown, unknown]>([
    ['a script, by its exit code', { ...script, rc: 2, message: 'ORA-7: gone' }, { ...script, rc: 0, message: 'done' }],
    ['a run with a name of its own', cron('7x2kp'), cron('q9zzt')],
    ['an end without its cause', failed, { event: 'sync.alert.resolved', sync_id: 44, message: 'Sync recovered' }],
    [
      'the events of a refresh',
      { event_type: 'ExtractRefreshFailed', resource_name: 'Books', text: 'Extract refresh failed' },
      { event_type: 'ExtractRefreshSucceeded', resource_name: 'Books', text: '' },
    ],
    ['another day', { title: 'ledger late for 2026-11-26' }, { title: 'ledger late for 2026-11-27' }],
    [
      'an end with what it was',
      { text: ':x: Ledger breach: gold.daily_ledger' },
      { text: ':ok: Resolved: Ledger breach: gold.daily_ledger (was 14h, now 2h)' },
    ],
  ])('%s', (_name, one, other) => {
    expect(same(one, other)).toBe(true)
  })

  it.each<[string, unknown, unknown]>([
    ['another host', { ...script, rc: 2, message: 'x' }, { ...script, host: 'fin-2', rc: 2, message: 'x' }],
    [
      'another factory',
      { DataFactoryName: 'books-prod', PipelineName: 'close', Subject: 'An error occurred' },
      { DataFactoryName: 'books-test', PipelineName: 'close', Subject: 'An error occurred' },
    ],
    [
      'another member of a cluster',
      { hostnameAndPort: 'a-0.example.net:1', clusterName: 'a', title: 'Lag' },
      { hostnameAndPort: 'a-1.example.net:1', clusterName: 'a', title: 'Lag' },
    ],
  ])('but not on %s', (_name, one, other) => {
    expect(same(one, other)).toBe(false)
  })
})

describe('generic: texts', () => {
  it('reads a line of text and a form', () => {
    expect(first('dump of pg-ledger FAILED rc=2: no space left on device')).toMatchObject({ status: 'firing' })
    expect(first('Name=books-portal&Status=Down&StatusCode=503&URL=https%3A%2F%2Fbooks.example.com')).toMatchObject({
      status: 'firing',
      asset: { name: 'books.example.com' },
    })
  })
})
