import { expect, test } from 'vitest'
import { readChanges } from './change.ts'

const receivedAt = '2026-11-20T08:00:00.000Z'
const plain = { event: 'deploy', ref: 'v42', by: 'ada', assets: ['Shop.Orders'], at: '2026-11-20T07:00:00+01:00' }
const github = {
  deployment_status: { state: 'success', updated_at: '2026-11-20T07:00:00Z' },
  deployment: { sha: 'abc', ref: 'main', environment: 'production' },
  repository: { full_name: 'acme/dbt' },
  sender: { login: 'ada' },
}

test('a deploy in its plain shape', () => {
  expect(readChanges(plain, receivedAt)).toMatchObject([
    { what: 'deploy', ref: 'v42', by: 'ada', at: '2026-11-20T06:00:00.000Z', assets: ['shop.orders'] },
  ])
})

test('of GitHub and of GitLab, once it succeeded', () => {
  expect(readChanges(github, receivedAt)).toMatchObject([
    { ref: 'abc', environment: 'production', summary: 'acme/dbt main' },
  ])
  expect(readChanges({ ...github, deployment_status: { state: 'pending' } }, receivedAt)).toEqual([])
  const gitlab = {
    object_kind: 'deployment',
    status: 'success',
    short_sha: 'ab1',
    project: { path_with_namespace: 'a/b' },
  }
  expect(readChanges(gitlab, receivedAt)).toMatchObject([{ ref: 'ab1' }])
  expect(readChanges({ ...gitlab, status: 'failed' }, receivedAt)).toEqual([])
})

test('told twice it is one, and one that lies ahead happened now', () => {
  const [first] = readChanges(plain, receivedAt) ?? []
  const [again] = readChanges(plain, '2026-11-20T09:00:00.000Z') ?? []
  expect(again?.id).toBe(first?.id)
  expect(readChanges({ ...plain, at: '2030-01-01T00:00:00Z' }, receivedAt)?.[0]?.at).toBe(receivedAt)
})

test.each<[string, unknown]>([
  ['an alert that mentions a deploy', { event: 'deploy', severity: 'high', title: 'Deploy failed' }],
  ['alerts', { event: 'deploy', alerts: [] }],
  ['another event', { event: 'sync_end' }],
  ['a text', 'deploy'],
  ['nothing', null],
])('%s is no change', (_, body) => {
  expect(readChanges(body, receivedAt)).toBeNull()
})
