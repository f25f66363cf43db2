import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../../scripts/lib/json.ts'
import { KestraExecution, kestraApi } from '../../scripts/lib/kestra-api.ts'
import { sql } from '../../scripts/store/sql.ts'
import { type HostileBody, hostileBodies, tooLarge } from '../hostile/corpus.ts'
import { accountOf, endOfAll } from './account.ts'
import { namespace, type Product, startProduct } from './product.ts'

const Kept = z.object({ id: z.string(), alerts: z.number(), letters: z.number(), outcome: z.unknown() })

/** Where Kestra makes something else of a body before a task sees it. */
const asKestraHandsOn: ReadonlyMap<string, string> = new Map([
  // Half a surrogate pair does not go into its queue: not accepted, and it says so.
  ['lone surrogates', 'not accepted'],
  // It reads the first and stops.
  ['two objects', 'alerts'],
])

/** To Kestra they are like another one that is as large; what becomes of them is told in process. */
const likeAnother: ReadonlySet<string> = new Set(['50,000 labels', 'a title of 400,000 characters'])

/**
 * The largest first, while the others go by: Kestra's repository in H2 parses an execution once for each column that it
 * makes of it, at each step, so that 50,000 keys take it as long as all the small ones.
 */
const throughEngine = hostileBodies
  .filter(({ name }) => !likeAnother.has(name))
  .sort((a, b) => b.bytes.length - a.bytes.length)
const atOnce = 6
const largestMs = 400_000

/** What the tasks of `alert_ingestion` that see a body put out, and nothing else. */
const emitted: Record<string, string[]> = {
  receive: ['count', 'dispatch', 'drain', 'incident'],
  drain: ['count', 'taken'],
}

describe('hostile and broken bodies through the real engine', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('hostile')
  })
  afterAll(() => product.stop())

  function kept(id: string) {
    return product.store.transaction((query) =>
      query.first(
        Kept,
        sql`select id, outcome,
              (select count(*)::int from alerts where raw_id = raw.id) as alerts,
              (select count(*)::int from dead_letters where original_id = raw.id) as letters
            from raw_payloads as raw where id = ${id}`,
      ),
    )
  }

  async function endOf({ name, bytes }: HostileBody): Promise<string> {
    const response = await product.post(bytes)
    if (response.status === 500 && name === 'lone surrogates') return 'not accepted'
    if (response.status !== 200) return `status ${response.status}`
    const { id } = KestraExecution.parse(parseJson(await response.text(), { deepest: 2_000 }))
    const { current } = (await product.ended(id, largestMs)).state
    if (current !== 'SUCCESS') return `execution ${current}`
    const row = await kept(id)
    return row === null ? 'lost' : row.alerts > 0 ? 'alerts' : row.letters > 0 ? 'refused' : 'nothing'
  }

  it('gives each of them an alert, an ignore or a dead letter', async () => {
    const ends = new Map<string, string>()
    const waiting = throughEngine.values()
    const work = async () => {
      for (const body of waiting) ends.set(body.name, await endOf(body))
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const expected = throughEngine.map(({ name, end }) => [name, asKestraHandsOn.get(name) ?? end] as const)
    expect(ends).toEqual(new Map(expected))
    await endOfAll(product)
    expect((await accountOf(product.store)).unfinished).toBe(0)
  }, 900_000)

  it('renders and executes nothing of them, and asks no address that they carry', () => {
    // Each body that names an address names one of a host that does not exist; the stand-ins are all that was asked.
    expect(product.airflow.clears).toHaveLength(0)
    const log = readFileSync(product.stack.logFile, 'utf8')
    for (const secret of [product.stack.settings.DATABASE_URL, product.stack.settings.ALERT_WEBHOOK_KEY]) {
      expect(log).not.toContain(secret)
      for (const message of product.slack.messages) expect(JSON.stringify(message)).not.toContain(secret)
    }
  })

  it('puts no secret and no forged output into any execution', async () => {
    const api = kestraApi(product.stack.settings)
    const query = { namespace, flow: 'alert_ingestion', states: ['SUCCESS'], since: new Date(0), page: 1, size: 100 }
    const { results } = await api.executions(query)
    expect(results.length).toBeGreaterThan(0)
    for (const execution of results) {
      for (const { taskId, state, outputs } of execution.taskRunList ?? []) {
        const expected = emitted[taskId]
        // One whose body was taken in with others was skipped, and emitted nothing.
        if (!expected || state.current === 'SKIPPED') continue
        expect(Object.keys(z.record(z.string(), z.unknown()).parse(outputs?.vars)).sort(), taskId).toEqual(expected)
      }
      expect(JSON.stringify(execution)).not.toContain(product.stack.settings.DATABASE_URL)
    }
  })

  it('says 413 to 5 MB, with and without a length, and keeps nothing of it', async () => {
    const before = await accountOf(product.store)
    expect((await product.post(tooLarge)).status).toBe(413)
    const chunked = await fetch(product.stack.webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([new Uint8Array(tooLarge)]).stream(),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect((await accountOf(product.store)).deliveries).toBe(before.deliveries)
  })

  it('says 404 to a wrong key, to none and to the previous one while it is not set, and keeps nothing', async () => {
    const before = await accountOf(product.store)
    const right = product.stack.webhookUrl
    for (const key of ['', 'x', `${product.stack.settings.ALERT_WEBHOOK_KEY}x`, '%20', 'undefined']) {
      const url = `${right.slice(0, right.lastIndexOf('/') + 1)}${key}`
      const response = await fetch(url, { method: 'POST', body: '{"title":"x"}' })
      expect(response.status, key).toBe(404)
    }
    expect((await accountOf(product.store)).deliveries).toBe(before.deliveries)
  })

  it('takes an alert by hand, as the Kestra UI gives it', async () => {
    const api = kestraApi(product.stack.settings)
    const alert = JSON.stringify(await product.scenario('false_positive'))
    const { id } = await api.start(namespace, 'alert_ingestion', { alert })
    const { state } = await product.ended(id)
    expect(state.current, JSON.stringify(await api.logs(id))).toBe('SUCCESS')
    expect(await kept(id)).toMatchObject({ alerts: 1, letters: 0 })
  })
})
