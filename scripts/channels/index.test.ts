import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { startStandIn } from '../../tests/stand-ins/server.ts'
import { schemaDrift } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import { buildMessage } from '../domain/message-build.ts'
import { channelSettings, isSettingName } from '../lib/config.ts'
import { channels, findChannel } from './index.ts'

test('the registry holds every channel of the folder', async () => {
  const files = await readdir(new URL('.', import.meta.url))
  const names = files.filter((file) => /^(?!index|channel)[a-z-]+\.ts$/.test(file)).map((file) => file.slice(0, -3))
  expect(channels.map(({ name }) => name)).toEqual(names.sort())
  for (const name of names) expect(findChannel(name)?.name).toBe(name)
  expect(findChannel('carrier-pigeon')).toBeUndefined()
})

test('whoever sends is handed what the channels read', () => {
  expect([...channelSettings].sort()).toEqual(channels.flatMap(({ settings }) => settings).sort())
})

describe.for(channels.map((channel) => [channel.name, channel] as const))('%s', ([name, channel]) => {
  const message = buildMessage(schemaDrift)
  const isOwn = name === 'ticket'

  test('reads settings that exist', () => {
    expect(channel.settings.length > 0).toBe(!isOwn)
    for (const setting of channel.settings) expect(isSettingName(setting), setting).toBe(true)
  })

  test('is not configured without its settings', () => {
    expect(channel.isConfigured({})).toBe(isOwn)
    expect(channel.isConfigured(Object.fromEntries(channel.settings.map((setting) => [setting, ''])))).toBe(isOwn)
  })

  test('an unanswered delivery is an outcome that names no secret, and the message is left as it was', async () => {
    if (isOwn) return
    // E-mail speaks no HTTP; what comes of it is told in its own test.
    if (name === 'email') return
    const server = await startStandIn(() => ({ status: 500, body: 'no' }))
    const secret = 'T00000000/B00000000/xyzzyxyzzyxyzzyxyzzy'
    const own: Record<string, string> = { JIRA_PROJECT: 'DATA', NOTIFY_WEBHOOK_URL: `${server.url}/hook` }
    const settings = Object.fromEntries(
      channel.settings.map((setting) => [setting, own[setting] ?? `${server.url}/services/${secret}`]),
    )
    const before = structuredClone(message)
    expect(channel.isConfigured(settings)).toBe(true)
    for (const fault of [
      'reset',
      'hang',
      { status: 400, body: secret },
      { status: 401, body: secret },
      { status: 404, body: secret },
      { status: 409, body: secret },
      { status: 422, body: secret },
      { status: 429 },
      { status: 500, body: secret },
      // A receiver of webhooks may say with its 2xx what it likes.
      ...(name === 'webhook'
        ? []
        : [
            { status: 200, body: '{"half": ' },
            { status: 200, body: '' },
          ]),
    ] as const) {
      server.fail(fault)
      const signal = AbortSignal.timeout(fault === 'hang' ? 300 : 30_000)
      const delivery = await channel.send(message, exampleSending(settings, { signal }))
      expect(delivery.outcome, JSON.stringify(fault)).not.toBe('sent')
      expect(JSON.stringify(delivery)).not.toMatch(/xyzzy|127\.0\.0\.1/)
    }
    expect(message).toEqual(before)
    await server.close()
  })

  test('has nothing to say where nobody was told and nobody need be', async () => {
    const settings = Object.fromEntries(channel.settings.map((setting) => [setting, 'http://127.0.0.1:1/x']))
    const delivery = await channel.send({ ...message, occasion: 'resolved', silent: true }, exampleSending(settings))
    expect(delivery.outcome).toBe('needless')
  })
})
