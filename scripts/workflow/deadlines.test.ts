import { describe, expect, test } from 'vitest'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { keepDeadlines } from './deadlines.ts'

const { world } = useWorlds()
const minute = 60_000

const keep = ({ store, settings, logged }: World, ms: number) =>
  keepDeadlines(store, new Date(Date.now() + ms), { settings, log: (level, text) => logged.push(`${level} ${text}`) })

describe('a page that falls due between two turns of the clock', () => {
  test('goes out when it is due', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(minute - 1_500)
    expect(await keep(one, minute)).toBe(1)
    expect(one.told(id)).toHaveLength(1)
    expect(await one.due(id)).not.toContain('page_deadline')
  })

  test('is the next turn’s when it comes after the end', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    expect(await keep(one, 5_000)).toBe(0)
    expect(one.told(id)).toEqual([])
    expect((await one.turn()).isPageNear).toBe(true)
  })

  test('is none any more once the incident was decided', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.decide(id)
    expect(await keep(one, 2 * minute)).toBe(0)
    expect((await one.turn()).isPageNear).toBe(false)
    expect(one.told(id)).toHaveLength(1)
  })

  test('is sent once, whoever else works it', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(2 * minute)
    await Promise.all([keep(one, minute), keep(one, minute), one.turn()])
    expect(one.told(id)).toHaveLength(1)
  })

  test('does not fail the others when its own channel is down', async () => {
    const one = await world()
    one.slack.fail({ status: 500, body: 'server_error' }, { times: 1 })
    const first = await one.open(lateTable())
    await one.pass(2 * minute)
    expect(await keep(one, minute)).toBe(1)
    expect(one.told(first)).toEqual([])
    expect(await one.messages(first)).toHaveLength(1)
  })
})
