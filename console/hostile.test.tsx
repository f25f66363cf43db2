import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadActions } from '../scripts/store/actions.ts'
import type { Store } from '../scripts/store/connection.ts'
import { loadIncidentRecord } from '../scripts/store/incident-record.ts'
import { sql } from '../scripts/store/sql.ts'
import { ingest } from '../scripts/workflow/ingest.ts'
import { holder, openApi } from '../tests/support/api.ts'
import { type Browser, openConsole, person } from '../tests/support/console.ts'
import { exampleAlert, receive, useTestStore } from '../tests/support/store.ts'
import { type Story, tell } from '../tests/support/stories.ts'

const database = useTestStore()
const mebibyte = 1024 * 1024
/** More than a page of any kind needs, and little enough for a browser to show at once. */
const largestPage = 400_000
const attacks = {
  script: '<script>alert(1)</script>',
  markup: '"><img src=x onerror=alert(1)><svg onload=alert(1)>',
  links: '[x](javascript:alert(1)) <a href="javascript:alert(1)">x</a> https://evil.example/',
  'right to left': '\u202Egnp.exe\u202C \u2067txt\u2069 \u200F',
} as const

let store: Store
let browser: Browser
let config: string
beforeAll(async () => {
  config = await mkdtemp(join(tmpdir(), 'dim-hostile-'))
  await cp('config', config, { recursive: true })
})
afterAll(() => rm(config, { recursive: true }))
beforeEach(async () => {
  store = database.tenant()
  browser = openConsole([store], () => ({ DIM_CONFIG_DIR: config }))
  await person(store, 'ada', 'admin')
  await browser.logIn(store, 'ada')
})

/** Nothing of what was sent runs, loads or leads anywhere, and the page stays one that can be shown. */
async function isSafe(path: string): Promise<string> {
  const answer = await browser.get(path)
  const page = await answer.text()
  expect([path, answer.status]).toEqual([path, 200])
  expect(page.length, path).toBeLessThan(largestPage)
  expect(page, path).not.toMatch(
    /<script(?! src="\/assets\/)|<img(?! src="\/assets\/)|<svg onload|href="(?!\/|#|https?:)/,
  )
  expect(page.replaceAll(/"[^"]*"/g, ''), path).not.toMatch(/<[a-z][^<>]*\son\w+=/)
  return page
}

const pages = (id: string) => [
  '/',
  `/incidents/${id}`,
  '/incidents',
  '/quiet',
  '/analytics',
  '/sources',
  '/configuration',
]

describe.each(Object.entries(attacks))('a mebibyte of %s', (_, attack) => {
  const text = attack.repeat(Math.ceil(mebibyte / attack.length)).slice(0, mebibyte)

  it('in each field of an alert shows as text', async () => {
    const fields = [
      'title',
      'name',
      'message',
      'description',
      'severity',
      'status',
      'environment',
      'asset',
      'table',
      'dag_id',
      'url',
      'owner',
      'runbook',
    ]
    for (const field of fields) {
      const body = { title: 'Load failed', severity: 'high', labels: { [`k${field}`]: 'v' }, [field]: text }
      await ingest(store, delivery(field, body))
    }
    await ingest(
      store,
      delivery('labels', { title: 'Load failed', severity: 'high', labels: { [text.slice(0, 5000)]: text } }),
    )
    const open = await isSafe('/')
    for (const [, id] of [...open.matchAll(/data-row="([^"]+)"/g)].slice(0, 4)) await isSafe(`/incidents/${id}`)
    for (const path of pages('').slice(2)) await isSafe(path)
  })

  it('in each field of evidence, a log and the model’s answer shows as text', async () => {
    const id = await tell(store, largeStory(text))
    for (const path of pages(id)) await isSafe(path)
    const page = await isSafe(`/incidents/${id}`)
    expect(page).toContain('evidence-ev_3')
  })

  it('in the catalogue, and in what could not be read, shows as text', async () => {
    await writeFile(
      join(config, 'catalog.yaml'),
      `assets:\n  - name: ${JSON.stringify(text)}\n    kind: table\n    tier: 1\n`,
    )
    await ingest(store, { ...delivery('broken', {}), body: JSON.stringify(text) })
    expect(await isSafe('/configuration')).toContain('catalog.yaml')
    await isSafe('/sources')
  })
})

it('text that turns its direction does not turn what stands beside it', async () => {
  const id = await tell(store, {
    ...largeStory('x'),
    name: 'rtl',
    alert: { title: `orders ${attacks['right to left']}` },
  })
  const page = await isSafe(`/incidents/${id}`)
  const css = await browser.read(/href="(\/assets\/\w+\/console\.css)"/.exec(page)?.[1] ?? '')
  expect(css).toContain('unicode-bidi: isolate')
})

describe('ten thousand open incidents', () => {
  const many = 10_000
  beforeEach(async () => {
    const id = (await receive(store, exampleAlert())).incidents[0] ?? expect.fail()
    // As so many deliveries would leave them, in one statement.
    await store.transaction((query) =>
      query.run(
        sql`insert into incidents
            select many.* from incidents as one, generate_series(2, ${many}) as number,
              jsonb_populate_record(one, jsonb_build_object('id', 'INC-' || number, 'fingerprint', 'fp_' || number)) as many
            where one.id = ${id}`,
      ),
    )
    // What PostgreSQL does by itself within a minute. Until then it plans for the one row that it knows of.
    const owner = new pg.Client({ connectionString: database.database().ownerUrl })
    await owner.connect()
    await owner.query('analyze incidents').finally(() => owner.end())
  })

  it('are shown a page at a time, whatever page is asked for', async () => {
    expect(await isSafe('/')).toContain('10,000')
    for (const page of ['2', '200', '201', '999999999', '-1', '1e308', '0x10', '１']) {
      const text = await isSafe(`/?page=${encodeURIComponent(page)}`)
      expect([...text.matchAll(/data-row=/g)], page).toHaveLength(50)
    }
    expect(await isSafe('/?page=999999')).toContain('Page 200 of 200')
    await isSafe('/incidents?page=77')
    await isSafe('/?search=orders')
    await isSafe('/analytics')
    const { token } = await holder(store, 'bot', 'viewer')
    const answer = await openApi([store]).ask('get', '/incidents/open?size=200&page=50', { token })
    expect(await answer.json()).toMatchObject({ total: many, page: 50, pages: 50 })
  })
})

describe('a form', () => {
  let id: string
  beforeEach(async () => {
    id = (await receive(store, exampleAlert())).incidents[0] ?? expect.fail()
  })
  const changed = async () => {
    const { incident, audit, feedback } = await loadIncidentRecord(store, id)
    return [incident.state, audit.length, feedback.length, (await loadActions(store, id)).length]
  }

  it.each(['acknowledge', 'approve', 'refuse', 'feedback', 'resolve', 'silence', 'again'])(
    'is not redeemed by following a link to %s',
    async (what) => {
      const before = await changed()
      for (const query of ['', '?why=because&verdict=right&hours=1']) {
        expect((await browser.get(`/incidents/${id}/${what}${query}`)).status).toBe(404)
      }
      expect(await changed()).toEqual(before)
    },
  )

  it('of another person’s session, or sent to another incident’s tenant, changes nothing', async () => {
    await person(store, 'bob', 'responder')
    const other = openConsole([store])
    await other.logIn(store, 'bob')
    const csrf = /name="_csrf" value="([^"]+)"/.exec(await other.read(`/incidents/${id}`))?.[1] ?? ''
    const before = await changed()
    expect((await browser.post(`/incidents/${id}/resolve`, { _csrf: csrf, why: 'because' })).status).toBe(403)
    expect(await changed()).toEqual(before)
  })

  it('that is sent again changes nothing more', async () => {
    const page = `/incidents/${id}`
    expect((await browser.send(page, `${page}/resolve`, { why: 'because' })).status).toBe(303)
    const once = await changed()
    expect((await browser.send(page, `${page}/resolve`, { why: 'because' })).status).toBe(409)
    expect(await changed()).toEqual(once)
  })

  it.each([
    ['a file for a reason', { why: new File(['x'], 'x.txt') }],
    ['a reason twice', { why: ['one', 'two'] }],
    ['no reason', {}],
    ['invisible characters for a reason', { why: '\u200b\u200b\u200b\u202e' }],
  ] as [string, Record<string, string | File | string[]>][])('with %s is refused, or heard once', async (_, fields) => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) form.append(name, one)
    const answer = await browser.send(`/incidents/${id}`, `/incidents/${id}/resolve`, form)
    expect([303, 400]).toContain(answer.status)
    expect(answer.status === 303).toBe('why' in fields && Array.isArray(fields.why))
  })
})

function delivery(name: string, body: object) {
  const id = `e-${name}`
  return { executionId: id, originalId: id, body: JSON.stringify(body), headers: '{}', receivedAt: new Date() }
}

/** The text in every field of evidence, and as much of it in a decision as a model's answer may hold. */
function largeStory(text: string): Story {
  const line = text.slice(0, 500)
  return {
    name: 'large',
    minutesAgo: 0,
    alert: { title: line.slice(0, 300), description: text.slice(0, 8000), asset: { kind: 'table', name: line } },
    evidence: [
      {
        id: 'ev_1',
        source: 'catalog',
        kind: 'catalog_entry',
        asset: text,
        summary: text,
        data: {
          asset: text,
          owner: text,
          tier: 1,
          consumers: Array.from({ length: 300 }, () => line),
          runbook: text,
          channel: text,
        },
      },
      {
        id: 'ev_2',
        source: 'airflow',
        kind: 'task_failure',
        asset: text,
        summary: text,
        data: { dag_id: text, task_id: text, state: text, log_excerpt: `${text}\n${text}` },
      },
      {
        id: 'ev_3',
        source: 'dbt',
        kind: 'lineage',
        asset: line,
        summary: text,
        data: {
          upstream: Array.from({ length: 500 }, (_, index) => `${index}${line}`),
          downstream: [text],
          exposures: [text],
        },
      },
    ],
    decision: {
      root_cause: text.slice(0, 2000),
      business_impact: text.slice(0, 2000),
      reasoning: text.slice(0, 4000),
      affected_assets: Array.from({ length: 200 }, () => line),
      guardrails: [{ rule: line, before: line, after: line, why: text.slice(0, 2000) }],
    },
  }
}
