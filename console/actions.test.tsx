import { beforeEach, describe, expect, it } from 'vitest'
import { deactivateAccount, listAccounts } from '../scripts/store/accounts.ts'
import type { Store } from '../scripts/store/connection.ts'
import { addDeadLetter } from '../scripts/store/dead-letters.ts'
import { loadIncidentRecord } from '../scripts/store/incident-record.ts'
import { addModelUsage } from '../scripts/store/model-usage.ts'
import { listSilences } from '../scripts/store/silences.ts'
import { type Browser, openConsole, person } from '../tests/support/console.ts'
import { dayOfIncidents } from '../tests/support/day-of-incidents.ts'
import { hostileStrings } from '../tests/support/example-incidents.ts'
import { useTestStore } from '../tests/support/store.ts'
import { type Story, tell } from '../tests/support/stories.ts'
import { exportedTables } from './analytics/exports.ts'

const database = useTestStore()
let store: Store
let browser: Browser
const told = (name: string) => tell(store, dayOfIncidents().find((story) => story.name === name) ?? expect.fail())

beforeEach(async () => {
  store = database.tenant()
  browser = openConsole([store])
  await person(store, 'ada', 'admin')
  await browser.logIn(store, 'ada')
})

describe('on an incident', () => {
  it.each([
    ['acknowledge', {}, 'taken on by ada'],
    ['feedback', { verdict: 'wrong_cause', note: 'it was the vendor' }, 'it was the vendor'],
    ['silence', { hours: '4', why: 'the vendor is on it' }, 'Silenced'],
    ['again', { why: 'look at the vendor' }, 'look at the vendor'],
    ['resolve', { why: 'the vendor sent it' }, 'the vendor sent it'],
  ])('a person does: %s', async (what, form, expected) => {
    const id = await told('schema-drift')
    const answer = await browser.send(`/incidents/${id}`, `/incidents/${id}/${what}`, form)
    expect(answer.status).toBe(303)
    expect(await browser.read(answer.headers.get('location') ?? '')).toContain(expected)
    const { audit, timeline } = await loadIncidentRecord(store, id)
    const silences = await listSilences(store)
    expect([
      ...audit.map(({ actor }) => actor),
      ...timeline.map(({ who }) => who),
      ...silences.map((one) => one.created_by),
    ]).toContain('ada')
  })

  it.each([
    ['feedback', { verdict: 'perfect' }, 400],
    ['silence', { hours: '9000', why: 'because' }, 400],
    ['silence', { hours: '1', why: '' }, 400],
    ['again', {}, 400],
    ['approve', {}, 409],
    ['refuse', { why: 'because' }, 409],
    ['give-back', {}, 409],
    ['delete', {}, 404],
  ])('%s with %j is refused', async (what, form, status) => {
    const id = await told('schema-drift')
    const before = await loadIncidentRecord(store, id)
    expect((await browser.send(`/incidents/${id}`, `/incidents/${id}/${what}`, form)).status).toBe(status)
    const after = await loadIncidentRecord(store, id)
    expect([after.incident, after.feedback]).toEqual([before.incident, before.feedback])
  })

  it('taken on twice is a conflict that says so; given back it is nobody’s', async () => {
    const id = await told('schema-drift')
    const page = `/incidents/${id}`
    expect((await browser.send(page, `${page}/acknowledge`, {})).status).toBe(303)
    expect((await browser.send(page, `${page}/acknowledge`, {})).status).toBe(409)
    expect((await browser.send(page, `${page}/give-back`, {})).status).toBe(303)
    expect((await loadIncidentRecord(store, id)).acknowledgedBy).toBeNull()
  })
})

describe('“this was real”', () => {
  it('stands beside what was kept quiet, for whoever may, and opens it again; a GET changes nothing', async () => {
    const id = await told('worker-memory')
    expect(await browser.read('/quiet')).toContain('This was real')
    expect((await browser.get(`/incidents/${id}/feedback?verdict=was_real`)).status).toBe(404)
    expect((await loadIncidentRecord(store, id)).feedback).toEqual([])
    const answer = await browser.send('/quiet', `/incidents/${id}/feedback`, { verdict: 'was_real' })
    expect(answer.status).toBe(303)
    expect(await browser.read(answer.headers.get('location') ?? '')).toContain('is open again: its people are told')
    const { incident, actions } = await loadIncidentRecord(store, id)
    expect(incident).toMatchObject({ state: 'open', revision: 2 })
    expect(actions.at(-1)?.message).toMatchObject({ occasion: 'reopened' })
    await person(store, 'vera', 'viewer')
    const other = openConsole([store])
    await other.logIn(store, 'vera')
    expect(await other.read('/quiet')).not.toContain('This was real</button>')
  })
})

describe('the pages', () => {
  it('show what was kept quiet, with why, and count it in the analytics', async () => {
    for (const story of dayOfIncidents()) await tell(store, story)
    const quiet = await browser.read('/quiet')
    expect(quiet).toContain('Memory at 85 % on worker-3')
    expect(quiet).toContain('The weekly batch fills the memory')
    expect(quiet).not.toContain('Column customer_segment was dropped')
    const page = await browser.read('/analytics')
    for (const part of [
      'MTTR',
      'Noise removed: 83.3 %',
      'Fold ratio',
      'cloudwatch',
      'Agreement in shadow mode',
      'The model, day by day',
    ])
      expect(page).toContain(part)
    expect(await browser.read('/analytics/figures.csv')).toMatch(/^figure,value,unit,how it is computed\r\nMTTA,/)
    expect(await browser.read('/analytics/rules.csv')).toContain(
      '\r\nMemory at 85 % on worker-3,plain/prometheus,6,1,0,INC-',
    )
    const { totals } = JSON.parse(await browser.read('/analytics/all.json'))
    expect(totals).toMatchObject({ alerts: 18, incidents: 7, told: 3, dismissed: 1, by_model: 2, tokens: 10022 })
    expect(await browser.read('/incidents?shown=told')).toContain('stripe_charges has not synced')
    for (const query of [
      'from=0001-01-01&to=9999-12-31',
      'from=x',
      'from=2026-13-45',
      'severity=X',
      'owner=%00',
      "source=' or 1=1",
    ]) {
      for (const path of ['/analytics', '/quiet', '/incidents']) {
        expect([query, path, (await browser.get(`${path}?${query}`)).status]).toEqual([query, path, 200])
      }
    }
  })

  it('give every table as a file, of the same span and figures as all of it as JSON', async () => {
    for (const story of dayOfIncidents()) await tell(store, story)
    await addModelUsage(store, { calls: 2, tokens: 10_022, costUsd: 0.0065 })
    const all = JSON.parse(await browser.read('/analytics/all.json'))
    const page = await browser.read('/analytics')
    for (const { name, heads } of exportedTables) {
      expect(page).toContain(`/analytics/${name}.csv?`)
      const answer = await browser.get(`/analytics/${name}.csv`)
      expect(answer.headers.get('content-disposition')).toContain(`"${name}.csv"`)
      const [first, ...rows] = (await answer.text()).trimEnd().split('\r\n')
      expect(first).toBe(heads.join(','))
      expect([name, rows.length]).toEqual([name, all[name].length])
    }
    expect(await browser.read('/analytics/model.csv')).toMatch(/\r\n\d{4}-\d\d-\d\d,2,10022,0\.0065\r\n$/)
    expect(await browser.read('/analytics/days.csv?from=2001-01-01&to=2001-01-02')).not.toContain('2026')
  })

  it('take a dead letter in again, and say why one stays', async () => {
    const letter = { originalId: 'e1', executionId: 'e1', task: 'receive', code: 'E_PAYLOAD_UNREADABLE', message: 'x' }
    await addDeadLetter(store, { ...letter, body: '{"title":"Load failed","severity":"high"}' })
    await addDeadLetter(store, { ...letter, executionId: 'e2', originalId: 'e2', body: 'nothing' })
    expect((await browser.send('/sources', '/sources/replay', { execution: 'e1', task: 'receive' })).status).toBe(303)
    expect(await browser.read('/')).toContain('Load failed')
    expect((await browser.send('/sources', '/sources/replay', { execution: 'e2', task: 'receive' })).status).toBe(409)
    expect((await browser.send('/sources', '/sources/replay', { execution: 'e1', task: 'receive' })).status).toBe(404)
  })

  it('throw the kill switch with who and why, and let only policy’s admins release it', async () => {
    expect(
      (await browser.send('/configuration', '/configuration/switch', { to: 'thrown', why: 'year-end' })).status,
    ).toBe(303)
    expect(await browser.read('/configuration')).toMatch(/thrown.*by ada.*year-end/s)
    const answer = await browser.send('/configuration', '/configuration/switch', { to: 'released', why: 'over' })
    expect(answer.status).toBe(409)
  })

  it('make a token that is shown once, and that nobody else revokes', async () => {
    const form = { label: 'nightly report', scope: 'viewer', days: '30' }
    const answer = await browser.send('/tokens', '/tokens/add', form)
    const token = /dim_[\w.-]+~[\w-]{43}/.exec(await answer.text())?.[0] ?? expect.fail()
    const page = await browser.read('/tokens')
    expect(page).toContain('nightly report')
    expect(page).not.toContain(token)
    const id = /TOK-\w+/.exec(page)?.[0] ?? expect.fail()
    await person(store, 'eve', 'viewer')
    const other = openConsole([store])
    await other.logIn(store, 'eve')
    expect((await other.send('/tokens', '/tokens/add', { ...form, scope: 'responder' })).status).toBe(403)
    expect((await other.send('/tokens', '/tokens/revoke', { id })).status).toBe(404)
    expect((await browser.send('/tokens', '/tokens/add', { ...form, days: '10000' })).status).toBe(400)
    expect((await browser.send('/tokens', '/tokens/add', { ...form, label: ' ' })).status).toBe(400)
    expect((await browser.send('/tokens', '/tokens/revoke', { id })).status).toBe(303)
    expect(await browser.read('/tokens')).toContain('No token yet')
    expect((await browser.get('/tokens/openapi.json')).headers.get('content-type')).toContain('application/json')
  })

  it('set a silence by asset or source, and show budget and windows', async () => {
    const send = (form: Record<string, string>) => browser.send('/configuration', '/configuration/silence', form)
    const form = { asset: '', source: 'fivetran', hours: '4', why: 'the vendor is on it' }
    expect((await send(form)).status).toBe(303)
    expect(await listSilences(store)).toMatchObject([{ source: 'fivetran', asset: null, created_by: 'ada' }])
    expect((await send({ ...form, source: ' ' })).status).toBe(400)
    expect((await send({ ...form, hours: '9000' })).status).toBe(400)
    expect((await send({ ...form, why: '' })).status).toBe(400)
    const page = await browser.read('/configuration')
    for (const part of ['Tokens today', '0 of 2,000,000', '$0.00 of $5.00', 'Maintenance windows'])
      expect(page).toContain(part)
  })

  it('add a person by a link, and end everything of one who is deactivated', async () => {
    const answer = await browser.send('/accounts', '/accounts/add', { name: 'Bob@Example.com', role: 'responder' })
    const link = /\/join\/[\w.-]+\/[\w-]{43}/.exec(await answer.text())?.[0] ?? ''
    const other = openConsole([store])
    const password = 'correct horse battery'
    expect((await other.post(link, { password, again: password })).status).toBe(303)
    await other.logIn(store, 'bob@example.com')
    expect((await other.get('/accounts')).status).toBe(403)
    expect(await browser.read('/accounts/person?name=bob@example.com')).toContain('Ends 2 sessions, 0 tokens')
    const ended = await browser.send('/accounts', '/accounts/deactivate', { name: 'bob@example.com' })
    expect([ended.status, await ended.text()]).toEqual([200, expect.stringContaining('Deactivated: 2 sessions')])
    expect((await browser.get('/accounts/person?name=nobody')).status).toBe(404)
    expect((await other.get('/')).status).toBe(303)
    expect((await browser.send('/accounts', '/accounts/deactivate', { name: 'ada' })).status).toBe(409)
    expect((await browser.send('/accounts', '/accounts/add', { name: 'a b', role: 'admin' })).status).toBe(400)
    expect((await browser.send('/accounts', '/accounts/add', { name: 'eve', role: 'owner' })).status).toBe(400)
    expect(await deactivateAccount(store, 'nobody', 'ada')).toBe('unknown')
    expect((await listAccounts(store)).map(({ name }) => name)).toEqual(['ada', 'bob@example.com'])
  })
})

describe('text from anybody', () => {
  const markup = '"><script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} javascript:alert(1)'

  it.each(
    [...hostileStrings.filter(Boolean).map((text) => text.slice(0, 400)), markup].map((text, index) => [index, text]),
  )('shows as text, whatever it is (%i)', async (index, text) => {
    const id = await tell(store, hostileStory(`hostile-${index}`, String(text)))
    await browser.send(`/incidents/${id}`, `/incidents/${id}/feedback`, { verdict: 'right', note: String(text) })
    for (const path of [
      '/',
      `/incidents/${id}`,
      '/incidents',
      '/quiet',
      '/analytics',
      '/sources',
      `/?search=${encodeURIComponent(String(text).toWellFormed())}`,
    ]) {
      const page = await browser.read(path)
      expect(page, path).not.toMatch(/<script(?! src="\/assets\/)|<img(?! src="\/assets\/)|href="(?!\/|#|https?:)/)
      expect(page.replaceAll(/"[^"]*"/g, ''), path).not.toMatch(/<[a-z][^<>]*\son\w+=/)
    }
  })

  it('of a title as long as one may be, the page stays small', async () => {
    const id = await tell(store, hostileStory('huge', 'x'.repeat(300)))
    expect((await browser.read(`/incidents/${id}`)).length).toBeLessThan(150_000)
  })
})

/** The same text in each field that a page shows. */
function hostileStory(name: string, text: string): Story {
  const line = text.replaceAll('\0', '').toWellFormed().slice(0, 300) || 'x'
  return {
    name,
    minutesAgo: 0,
    alert: {
      title: line,
      description: text,
      asset: { kind: 'table', name: line },
      environment: line.slice(0, 64),
      labels: { owner: line },
    },
    evidence: [
      {
        id: 'ev_1',
        source: 'catalog',
        kind: 'catalog_entry',
        asset: line,
        summary: text,
        data: {
          asset: line,
          owner: line,
          tier: 1,
          consumers: [line, `${line}2`],
          runbook: 'javascript:alert(1)',
          note: text,
        },
      },
      {
        id: 'ev_2',
        source: 'dbt',
        kind: 'lineage',
        asset: line,
        summary: text,
        data: { upstream: [line], downstream: [line], exposures: [line] },
      },
    ],
    decision: {
      root_cause: line,
      business_impact: line,
      reasoning: line,
      affected_assets: [line],
      guardrails: [{ rule: line, before: line, after: line, why: line }],
      recommended_action: 'auto_fix',
      remediation: { template: 'airflow_clear_task', target: line, params: { dag_id: line, task_id: line } },
      approval: { approvers: [line], within_minutes: 60 },
    },
    dryRun: text,
  }
}
