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
import { type Library, noLibrary } from './gathering/library.ts'

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

const gather = (system: System, asset?: Asset, library: Library = noLibrary) =>
  change.gather(questionOf(asset), { system, signal: AbortSignal.timeout(5_000), library })

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

async function served(
  kind: string,
  options: object,
  answer: (request: Received) => Answer,
  library: Library = noLibrary,
) {
  const server = await startStandIn(answer)
  try {
    const found = await gather(
      systemOf(kind, { url: server.url, ...options }, { token: 'tok-en-4711' }),
      orders,
      library,
    )
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

describe.each(['github', 'gitlab'])('%s, where much is committed', (kind) => {
  const options = kind === 'github' ? { repository: 'acme/dbt' } : { project: 'acme/dbt' }
  /** One commit every ten minutes, newest first, some after the trouble; a few of them touch the model. */
  function busy(count: number, after: number, touching: readonly number[]) {
    const all = Array.from({ length: count }, (_, index) => ({
      id: `c${index}`,
      at: new Date(trouble.getTime() + (after - index) * 600_000).toISOString(),
      file: touching.includes(index) ? 'models/marts/orders.sql' : `docs/page${index}.md`,
    }))
    return ({ path, query }: Received): Answer => {
      const id = /\/commits\/(c\d+)(?:\/diff)?$/.exec(path)?.[1]
      if (id !== undefined) {
        const file = all.find((one) => one.id === id)?.file
        return { status: 200, body: kind === 'github' ? { files: [{ filename: file }] } : [{ new_path: file }] }
      }
      if (!path.endsWith('/commits')) return { status: 200, body: [] }
      const from = (Number(query.get('page')) - 1) * 100
      const listed = all
        .filter(({ at }) => at <= (query.get('until') ?? '9') && at >= (query.get('since') ?? ''))
        .filter(({ file }) => !query.has('path') || file === query.get('path'))
        .slice(from, from + Number(query.get('per_page')))
      const body = listed.map(({ id: sha, at }) =>
        kind === 'github'
          ? { sha, commit: { message: sha, author: { name: 'Ada' }, committer: { date: at } } }
          : { id: sha, title: sha, author_name: 'Ada', committed_date: at },
      )
      return { status: 200, body }
    }
  }

  test('what came after the trouble takes nothing from what came before', async () => {
    const { found } = await served(kind, options, busy(60, 30, [45]))
    expect(found).toMatchObject([{ kind: 'change', data: { title: 'c45' } }])
  })

  test('the five nearest are enough', async () => {
    const { found, requests } = await served(kind, options, busy(400, 0, [1, 2, 3, 4, 5, 6]))
    expect(found.map(({ data }) => 'title' in data && data.title)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5'])
    expect(requests.length).toBeLessThan(20)
  })

  test('that there were more than are read is stated', async () => {
    const { found, requests } = await served(kind, options, busy(400, 0, [1, 200]))
    expect(found).toMatchObject([
      { kind: 'change', data: { title: 'c1' } },
      { kind: 'unavailable', data: { code: 'E_ANSWER_CUT', reason: expect.stringContaining('the 40 nearest') } },
    ])
    expect(requests.length).toBeLessThan(50)
  })

  test('a file that dbt names is asked for by its path, however many there were', async () => {
    const library = { ...noLibrary, files: async () => ['models/marts/orders.sql'] }
    const { found, requests } = await served(kind, options, busy(400, 0, [200]), library)
    expect(found).toMatchObject([{ kind: 'change', data: { title: 'c200', files: ['models/marts/orders.sql'] } }])
    expect(requests).toHaveLength(2)
  })

  test('a path that the repository does not have is looked for by its name', async () => {
    const library = { ...noLibrary, files: async () => ['orders.sql'] }
    const { found } = await served(kind, options, busy(30, 0, [20]), library)
    expect(found).toMatchObject([{ kind: 'change', data: { title: 'c20' } }])
  })
})
