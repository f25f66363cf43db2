import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { schemaDrift } from '../../tests/support/example-incidents.ts'
import { nameOfDestination } from '../domain/destination.ts'
import type { Settings } from '../lib/config.ts'
import { readRouting, routingFor } from './routing.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-routing-'))
})
afterEach(() => rm(folder, { recursive: true }))

const bot = { SLACK_BOT_TOKEN: 'xoxb-x', SLACK_CHANNEL: 'C0' }
const webhook = { SLACK_WEBHOOK_URL: 'https://hooks.example/x' }

async function routed(yaml: string | null, settings: Settings) {
  if (yaml !== null) await writeFile(join(folder, 'routing.yaml'), yaml)
  const known = { ...schemaDrift, incident: { ...schemaDrift.incident, source: 'plain/datadog' } }
  const routing = await routingFor({ DIM_CONFIG_DIR: folder, ...settings }, known, new Date())
  return { ...routing, told: routing.destinations.map(nameOfDestination) }
}

const toChannels = 'routes: [{ name: all, tell: ["slack:#data", "slack:#finance", slack] }]'

describe('never nothing', () => {
  test.for([
    ['no file', null, webhook, ['slack']],
    ['no file and nothing set up', null, {}, ['ticket']],
    ['no route that holds', 'routes: [{ name: low, when: { severity: [LOW] }, tell: [ticket] }]', webhook, ['slack']],
    ['a channel that is not set up', 'routes: [{ name: all, tell: [pagerduty] }]', webhook, ['slack']],
    ['an owner whom nobody knows', 'routes: [{ name: all, tell: [sla_owner] }]', {}, ['ticket']],
    ['a bot, and no file', null, bot, ['slack']],
    ['what the flow says', null, { DIM_CHANNELS: 'slack slack_bot' }, ['slack']],
  ] as const)('%s', async ([, yaml, settings, expected]) => {
    expect(await routed(yaml, settings)).toMatchObject({ told: expected, isDefault: true, fault: null })
  })

  test('a file that can not be read: told by default, with each fault and its line', async () => {
    const { told, fault } = await routed(
      'routes:\n  - name: all\n    tell: [slak]\n    when: { sevrity: [LOW] }\n',
      webhook,
    )
    expect(told).toEqual(['slack'])
    expect(fault).toMatch(/line 3, routes\.0\.tell\.0: /)
    expect(fault).toMatch(/line 4, routes\.0\.when\.sevrity: unknown key/)
    await expect(readRouting({ DIM_CONFIG_DIR: folder })).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
  })
})

test('a webhook has one channel, whatever is asked; a bot posts where it is told', async () => {
  expect((await routed(toChannels, webhook)).told).toEqual(['slack'])
  expect((await routed(toChannels, bot)).told).toEqual(['slack:#data', 'slack:#finance', 'slack'])
  expect((await routed(toChannels, { DIM_CHANNELS: 'slack slack_bot' })).told).toHaveLength(3)
})

test('says what is left out', async () => {
  const { told, leftOut } = await routed('routes: [{ name: all, tell: [slack, pagerduty, jira] }]', webhook)
  expect(told).toEqual(['slack'])
  expect(leftOut.map(nameOfDestination)).toEqual(['pagerduty', 'jira'])
})
