import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mentionsIn, rateLimited, type SlackStandIn, startSlack } from './slack.ts'

let slack: SlackStandIn
beforeEach(async () => {
  slack = await startSlack()
})
afterEach(() => slack.close())

async function post(body: unknown, { url = slack.webhookUrl, type = 'application/json' } = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: payload })
  return [response.status, await response.text()]
}

const header = (text: string, block_id?: string) => ({ type: 'header', block_id, text: { type: 'plain_text', text } })
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })

describe('answers as Slack does', () => {
  test('ok, and keeps the message', async () => {
    expect(await post({ text: 'hello' })).toEqual([200, 'ok'])
    expect(slack.messages).toMatchObject([{ text: 'hello' }])
  })

  test.for([
    ['no JSON', 'hello', 'invalid_payload'],
    ['not an object', '"hello"', 'invalid_payload'],
    ['nothing to say', {}, 'no_text'],
    ['a header that is too long', { blocks: [header('x'.repeat(151))] }, 'invalid_blocks'],
    ['a section that is too long', { blocks: [section('x'.repeat(3001))] }, 'invalid_blocks'],
    ['an empty section', { blocks: [section('')] }, 'invalid_blocks'],
    ['too many blocks', { blocks: Array.from({ length: 51 }, () => section('x')) }, 'invalid_blocks'],
    ['a block_id that comes twice', { blocks: [header('a', 'x'), header('b', 'x')] }, 'invalid_blocks'],
    ['mrkdwn in a header', { blocks: [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }] }, 'invalid_blocks'],
    ['an unknown block', { blocks: [{ type: 'carousel' }] }, 'invalid_blocks'],
  ] as const)('%s', async ([, body, word]) => {
    expect(await post(body)).toEqual([400, word])
    expect(slack.messages).toEqual([])
  })

  test('another hook, another content type', async () => {
    expect(await post({ text: 'x' }, { url: `${slack.url}/services/T1/B1/x` })).toEqual([404, 'no_service'])
    expect(await post({ text: 'x' }, { type: 'text/plain' })).toEqual([400, 'invalid_payload'])
  })
})

describe('faults', () => {
  test('in the order in which they were scripted, then it is well again', async () => {
    slack.fail(rateLimited)
    slack.fail({ status: 500, body: 'rollup_error' }, { times: 2 })
    const statuses = []
    for (let count = 0; count < 4; count += 1) statuses.push((await post({ text: 'x' }))[0])
    expect(statuses).toEqual([429, 500, 500, 200])
    expect(slack.messages).toHaveLength(1)
  })

  test('for some requests only, until it heals', async () => {
    slack.fail({ status: 503 }, { times: Number.POSITIVE_INFINITY, when: ({ body }) => body.includes('bad') })
    expect((await post({ text: 'bad' }))[0]).toBe(503)
    expect((await post({ text: 'good' }))[0]).toBe(200)
    expect((await post({ text: 'bad' }))[0]).toBe(503)
    slack.heal()
    expect((await post({ text: 'bad' }))[0]).toBe(200)
  })

  test('a reset breaks the connection after the request was read', async () => {
    slack.fail('reset')
    await expect(post({ text: 'x' })).rejects.toThrow('fetch failed')
    expect(slack.requests).toHaveLength(1)
  })

  test('a late answer is still one', async () => {
    slack.fail({ delayMs: 30 })
    expect(await post({ text: 'x' })).toEqual([200, 'ok'])
  })

  test('closing ends what hangs', async () => {
    const other = await startSlack()
    other.fail('hang')
    const hanging = expect(post({ text: 'x' }, { url: other.webhookUrl })).rejects.toThrow('fetch failed')
    await other.waitFor(() => true)
    await other.close()
    await hanging
  })
})

describe('waiting', () => {
  test('for a message to come, past ones included', async () => {
    const coming = slack.waitForMessage((text) => text.includes('second'))
    await post({ text: 'the first' })
    await post({ text: 'the second' })
    expect(await coming).toMatchObject({ text: 'the second' })
    expect(await slack.waitForMessage((text) => text.includes('first'))).toMatchObject({ text: 'the first' })
  })

  test('in vain says what was seen', async () => {
    await post({ text: 'the first' })
    await expect(slack.waitForMessage((text) => text.includes('third'), 10)).rejects.toThrow('the first')
  })
})

test('finds what Slack would take for a mention', () => {
  const payload = (text: string) => ({ text, blocks: [] })
  expect(mentionsIn(payload('<!channel> <@U1|bob> <#C1> @here a@here.example &lt;!here&gt; <https://x|y>'))).toEqual([
    '<!channel>',
    '<@U1|bob>',
    '<#C1>',
    '@here',
  ])
})
