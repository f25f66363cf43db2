import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Received, startStandIn } from '../../tests/stand-ins/server.ts'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { commitFile, git } from '../../tests/support/systems.ts'
import type { Asset } from '../domain/alert.ts'
import type { System } from '../domain/system.ts'
import { change } from './change.ts'
import type { Question } from './connector.ts'
import { noLibrary } from './gathering/library.ts'

const trouble = new Date('2026-11-20T06:00:00Z')
const hoursBefore = (hours: number) => new Date(trouble.getTime() - hours * 3_600_000)
const orders: Asset = { kind: 'table', name: 'shop.public.orders' }

function questionOf(asset: Asset = orders): Question {
  const alerts = [exampleAlert({ started_at: trouble.toISOString() })]
  return { asset, category: 'schema_change', environment: null, alerts, now: new Date('2026-11-20T08:00:00Z') }
}

function systemOf(kind: string, options: Record<string, unknown>, credentials: Record<string, string> = {}): System {
  return { name: kind, kind, environment: null, aliases: [], limitMs: null, options, credentials }
}

const gather = (system: System, asset?: Asset) =>
  change.gather(questionOf(asset), { system, signal: AbortSignal.timeout(5_000), library: noLibrary })

describe('a local clone', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clone-'))
    await git(folder, ['init', '--quiet', '--initial-branch=main'])
    await commitFile(folder, 'models/stg_orders.sql', 'Long ago', hoursBefore(200))
    await commitFile(folder, 'models/orders.sql', 'Drop the currency (#41)', hoursBefore(20))
    await commitFile(folder, 'models/reorders_ui.sql', 'Another screen', hoursBefore(15))
    await commitFile(folder, 'models/customers.sql', 'Something else', hoursBefore(10))
    await commitFile(folder, 'models/Stg_Orders é "x".sql', 'Rename amount', hoursBefore(2))
    await commitFile(folder, 'models/orders.sql', 'Mend it', hoursBefore(-1))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('tells what touched the asset, nearest before the trouble first', async () => {
    const found = await gather(systemOf('git', { path: folder }))
    expect(found.map(({ data }) => data)).toMatchObject([
      { what: 'commit', title: 'Rename amount', files: ['models/Stg_Orders é "x".sql'], by: 'Ada Example' },
      { what: 'pull_request', ref: '#41', title: 'Drop the currency (#41)', at: hoursBefore(20).toISOString() },
    ])
    expect(found[1]?.summary).toBe('20 h before, Ada Example changed models/orders.sql: Drop the currency (#41).')
  })

  test.each(['*', '../..', ':(top)', '--all', '; touch x'])('takes the name %s as a name', async (name) => {
    expect(await gather(systemOf('git', { path: folder }), { kind: 'table', name: `${name}xyz` })).toEqual([])
  })

  test('says which commit it is at', async () => {
    const context = {
      system: systemOf('git', { path: folder }),
      signal: AbortSignal.timeout(5_000),
      library: noLibrary,
    }
    expect((await change.check(context)).version).toMatch(/^[0-9a-f]{7,} of 2026-11-20$/)
  })
})

async function served(kind: string, options: object, answer: (request: Received) => Answer) {
  const server = await startStandIn(answer)
  try {
    const found = await gather(systemOf(kind, { url: server.url, ...options }, { token: 'tok-en-4711' }))
    return { found, requests: server.requests }
  } finally {
    await server.close()
  }
}

test('GitHub: commits and the pull request that brought them', async () => {
  const commit = (message: string, hours: number) => ({
    message,
    author: { name: 'Ada' },
    committer: { date: hoursBefore(hours).toISOString() },
  })
  const { found, requests } = await served('github', { repository: 'acme/dbt' }, ({ path, query }) => {
    if (path.endsWith('/pulls')) return { status: 200, body: [{ number: 7, merged_at: '2026-11-20T01:00:00Z' }] }
    if (path.endsWith('/commits/aaa')) return { status: 200, body: { files: [{ filename: 'models/orders.sql' }] } }
    if (path.endsWith('/commits/bbb')) return { status: 200, body: { files: [{ filename: 'README.md' }] } }
    expect(query.get('since')).toBe(hoursBefore(72).toISOString())
    return {
      status: 200,
      body: [
        { sha: 'aaa', commit: commit('Change orders\n\nbody', 3) },
        { sha: 'bbb', commit: commit('x', 2) },
      ],
    }
  })
  expect(found.map(({ data }) => data)).toMatchObject([{ what: 'pull_request', ref: '#7', title: 'Change orders' }])
  expect(requests.every(({ headers }) => headers.authorization === 'Bearer tok-en-4711')).toBe(true)
})

const commits = [
  { sha: 'aaa', commit: { message: 'Change orders', committer: { date: hoursBefore(3).toISOString() } } },
]
const listed = [{ id: 'aaa', title: 'Change orders', author_name: 'Ada', committed_date: hoursBefore(3).toISOString() }]

/** Both hosts with one commit, where paths of that ending are refused. */
async function refusing(ending: string) {
  const server = await startStandIn(({ path }) => {
    if (path.endsWith(ending)) return { status: 403, body: { message: 'Resource not accessible' } }
    if (path.endsWith('/aaa')) return { status: 200, body: { files: [{ filename: 'models/orders.sql' }] } }
    if (path.endsWith('/diff')) return { status: 200, body: [{ new_path: 'models/orders.sql' }] }
    if (/\/(?:pulls|merge_requests)$/.test(path)) return { status: 200, body: [] }
    if (path.endsWith('/commits')) return { status: 200, body: path.startsWith('/api/v4') ? listed : commits }
    return { status: 200, body: { default_branch: 'main' } }
  })
  const github = systemOf('github', { url: server.url, repository: 'acme/dbt' })
  return { server, github, gitlab: systemOf('gitlab', { url: server.url, project: 'acme/dbt' }) }
}

test.each([
  ['github', '/nothing', []],
  ['github', '/commits', [expect.stringContaining('Contents: read')]],
  ['github', '/pulls', [expect.stringContaining('Pull requests: read')]],
  ['gitlab', '/nothing', []],
  ['gitlab', '/commits', [expect.stringContaining('Reporter')]],
  ['gitlab', '/merge_requests', [expect.stringContaining('read_api')]],
] as const)('%s: a check tells which rights are missing at %s', async (kind, ending, expected) => {
  const { server, ...systems } = await refusing(ending)
  try {
    const context = { system: systems[kind], signal: AbortSignal.timeout(5_000), library: noLibrary }
    expect(await change.check(context)).toEqual({ version: 'main', missingRights: expected })
  } finally {
    await server.close()
  }
})

test.each([
  ['github', '/pulls'],
  ['gitlab', '/merge_requests'],
] as const)('%s: commits are told though %s is refused', async (kind, ending) => {
  const { server, ...systems } = await refusing(ending)
  try {
    expect((await gather(systems[kind])).map(({ data }) => data)).toMatchObject([{ what: 'commit', ref: 'aaa' }])
  } finally {
    await server.close()
  }
})

test('GitLab: commits and the merge request that brought them', async () => {
  const { found, requests } = await served('gitlab', { project: 'acme/dbt' }, ({ path }) => {
    if (path.endsWith('/merge_requests')) return { status: 200, body: [{ iid: 9, state: 'merged' }] }
    if (path.endsWith('/diff')) return { status: 200, body: [{ new_path: 'models/orders.sql' }] }
    const one = { id: 'aaa', title: 'Change orders', author_name: 'Ada', committed_date: hoursBefore(3).toISOString() }
    return { status: 200, body: [one] }
  })
  expect(found.map(({ data }) => data)).toMatchObject([{ what: 'pull_request', ref: '!9', by: 'Ada' }])
  expect(requests[0]?.path).toBe('/api/v4/projects/acme%2Fdbt/repository/commits')
  expect(requests.every(({ headers }) => headers['private-token'] === 'tok-en-4711')).toBe(true)
})
