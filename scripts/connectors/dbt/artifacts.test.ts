import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type StandIn, startStandIn } from '../../../tests/stand-ins/server.ts'
import { shop } from '../../../tests/support/dbt-project.ts'
import type { System } from '../../domain/system.ts'
import { openArtifacts } from './artifacts.ts'

const { manifest, runResults } = shop()
const runs = '/api/v2/accounts/7/runs/'
/** A job whose last run left no freshness; and a bucket with the same files. */
const files: Record<string, unknown> = {
  [runs]: { status: { code: 200 }, data: [{ id: 4711, status: 20 }] },
  [`${runs}4711/artifacts/manifest.json`]: manifest,
  [`${runs}4711/artifacts/run_results.json`]: runResults,
  '/target/manifest.json': manifest,
  '/target/run_results.json': runResults,
}

let server: StandIn
beforeEach(async () => {
  server = await startStandIn(({ path }) =>
    Object.hasOwn(files, path) ? { status: 200, body: files[path] } : { status: 404, body: { status: { code: 404 } } },
  )
})
afterEach(() => server.close())

const system = (changes: Partial<System>): System => ({
  name: 'dbt_finance',
  kind: 'dbt',
  environment: null,
  aliases: [],
  limitMs: null,
  options: {},
  credentials: { token: 'dbt-stand-in-token' },
  ...changes,
})
const cloud = () =>
  openArtifacts(
    system({ kind: 'dbt_cloud', options: { url: server.url, account_id: 7, job_id: 12 } }),
    AbortSignal.timeout(5_000),
  )
const bucket = (query = '') =>
  openArtifacts(system({ options: { url: `${server.url}/target/${query}` } }), AbortSignal.timeout(5_000))

describe('dbt Cloud', () => {
  test('gives the artifacts of the last run of the job that finished, which is looked up once', async () => {
    const artifacts = cloud()
    expect(await artifacts.stamp()).toBe('4711')
    expect(await artifacts.read('manifest.json')).toEqual(manifest)
    expect(await artifacts.read('sources.json')).toBeNull()
    const [first, ...further] = server.requests
    expect(Object.fromEntries(first?.query ?? [])).toEqual({
      job_definition_id: '12',
      order_by: '-finished_at',
      limit: '1',
      status__in: '[10,20,30]',
    })
    expect(further.map(({ path }) => path)).not.toContain(runs)
    expect(server.requests.every(({ headers }) => headers.authorization === 'Token dbt-stand-in-token')).toBe(true)
  })

  test('without a run has no artifacts', async () => {
    server.fail({ status: 200, body: { data: [] } })
    expect(await cloud().read('manifest.json')).toBeNull()
  })

  test('wants a token, and says where it belongs', () => {
    const options = { account_id: 7, job_id: 12 }
    expect(() =>
      openArtifacts(system({ kind: 'dbt_cloud', options, credentials: {} }), AbortSignal.timeout(1)),
    ).toThrow(/dbt_finance has no token/)
  })

  test.each([
    [401, 'E_HTTP_STATUS'],
    [429, 'E_HTTP_BUSY'],
  ])('that answers %i is a fault, without its token', async (status, code) => {
    server.fail({ status, headers: { 'retry-after': '600' }, body: 'dbt-stand-in-token' })
    const failed = await cloud()
      .read('manifest.json')
      .catch((thrown: unknown) => thrown)
    expect(failed).toMatchObject({ code, hint: expect.stringMatching(/./) })
    expect(String(failed)).not.toContain('dbt-stand-in-token')
  })
})

describe('a URL above the artifacts', () => {
  test('is read with its token and its query; its stamp is of the last command', async () => {
    const artifacts = bucket('?signature=abc')
    expect(await artifacts.read('manifest.json')).toEqual(manifest)
    expect(await artifacts.stamp()).toBe('one|2026-11-20T06:05:00.000000Z')
    expect(server.requests[0]).toMatchObject({
      path: '/target/manifest.json',
      headers: { authorization: expect.stringMatching(/^Bearer /) },
    })
    expect(server.requests[0]?.query.get('signature')).toBe('abc')
  })

  test('that redirects to another host is refused', async () => {
    server.fail({ status: 302, headers: { location: 'http://127.0.0.2:9/' } })
    await expect(bucket().read('manifest.json')).rejects.toMatchObject({ code: 'E_HTTP_REDIRECT' })
  })

  test('that answers a page is a fault', async () => {
    server.fail({ status: 200, body: '<html>Sign in</html>' })
    await expect(bucket().read('manifest.json')).rejects.toMatchObject({ code: 'E_HTTP_ANSWER' })
  })
})
