import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { startStandIn } from '../../tests/stand-ins/server.ts'
import { schemaDrift } from '../../tests/support/example-incidents.ts'
import { buildMessage } from '../domain/message-build.ts'
import { isSettingName } from '../lib/config.ts'
import { channels, findChannel } from './index.ts'

test('the registry holds every channel of the folder', async () => {
  const files = await readdir(new URL('.', import.meta.url))
  const names = files.filter((file) => /^(?!index|channel)[a-z-]+\.ts$/.test(file)).map((file) => file.slice(0, -3))
  expect(channels.map(({ name }) => name)).toEqual(names.sort())
  for (const name of names) expect(findChannel(name)?.name).toBe(name)
  expect(findChannel('carrier-pigeon')).toBeUndefined()
})

describe.for(channels.map((channel) => [channel.name, channel] as const))('%s', ([, channel]) => {
  const message = buildMessage(schemaDrift)

  test('reads settings that exist', () => {
    expect(channel.settings.length).toBeGreaterThan(0)
    for (const name of channel.settings) expect(isSettingName(name), name).toBe(true)
  })

  test('is not configured without its settings', () => {
    expect(channel.isConfigured({})).toBe(false)
    expect(channel.isConfigured(Object.fromEntries(channel.settings.map((name) => [name, ''])))).toBe(false)
  })

  test('an unanswered delivery is an outcome that names no secret, and the message is left as it was', async () => {
    const server = await startStandIn(() => ({ status: 500, body: 'no' }))
    const secret = 'T00000000/B00000000/xyzzyxyzzyxyzzyxyzzy'
    const settings = Object.fromEntries(channel.settings.map((name) => [name, `${server.url}/services/${secret}`]))
    const before = structuredClone(message)
    expect(channel.isConfigured(settings)).toBe(true)
    for (const fault of [
      'reset',
      { status: 400, body: secret },
      { status: 429 },
      { status: 500, body: secret },
    ] as const) {
      server.fail(fault)
      const delivery = await channel.send(message, { settings, key: 'key', signal: AbortSignal.timeout(60_000) })
      expect(delivery.outcome).not.toBe('sent')
      expect(JSON.stringify(delivery)).not.toMatch(/xyzzy|127\.0\.0\.1/)
    }
    expect(message).toEqual(before)
    await server.close()
  })
})
