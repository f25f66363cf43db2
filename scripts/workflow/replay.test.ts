import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { openStore } from '../store/connection.ts'
import { saveMark } from '../store/marks.ts'
import { agreements } from '../store/readiness.ts'
import { pastDecisions } from '../store/replay.ts'
import { sql } from '../store/sql.ts'
import { sayAbout } from './feedback.ts'
import { replayIncident } from './replay.ts'

const { world, database } = useWorlds()
const policy = 'mode: act\nauto_fix: false\nallow: []\n'
const staging = { source: 'prometheus', severity: 'low', environment: 'staging', title: 'Memory at 90 %', host: 'a' }
const time = { since: new Date(0), until: new Date(Date.now() + 3_600_000), limit: 10 }

describe('the past, decided again', () => {
  test('by the same rules and policy is the same', async () => {
    const one = await world({ policy })
    await one.handle(lateTable())
    await one.handle(staging)
    const past = await pastDecisions(one.store, time)
    expect(past).toHaveLength(2)
    for (const decision of past) {
      const replayed = await replayIncident(one.store, decision, { ...one.settings, ANALYZER: 'rules' })
      expect(replayed).toMatchObject({ change: 'same', now: { rule: decision.decision.rule } })
    }
  })

  test('by another policy, or by a model, shows what would change, and what people would not have wanted', async () => {
    const one = await world({ policy })
    const id = await one.handle(staging)
    const [past] = await pastDecisions(one.store, time)
    const stricter = { ...one.settings, ANALYZER: 'rules' }
    await writeFile(join(one.settings.DIM_CONFIG_DIR ?? '', 'policy.yaml'), `${policy}min_confidence: 0.99\n`)
    expect(await replayIncident(one.store, past ?? expect.fail(), stricter)).toMatchObject({ change: 'same' })
    await sayAbout(one.store, { incident: id, verdict: 'was_real', note: '', who: 'ann' }, one.settings)
    await one.decide(id)
    const [told] = await pastDecisions(one.store, time)
    expect(told).toMatchObject({ verdict: 'was_real', decision: { recommended_action: 'notify_team' } })
    // The rules alone do not know what people said of it: that is what a replay is to show.
    expect(await replayIncident(one.store, told ?? expect.fail(), stricter)).toMatchObject({ change: 'against_people' })
    const silent = { name: 'another', ask: () => Promise.reject(new Error('not there')) }
    const asked = { ...one.settings, ANALYZER: 'gemini', GEMINI_API_KEY: 'x' }
    const late = await one.handle(lateTable())
    const [latest] = await pastDecisions(one.store, time)
    expect(latest?.incident).toBe(late)
    const replayed = await replayIncident(one.store, latest ?? expect.fail(), asked, silent)
    expect(replayed?.now.fallback).toContain('E_UNEXPECTED')
  })

  test('is left out when its evidence is not kept any more', async () => {
    const one = await world({ policy })
    await one.handle(await scenario('schema_drift'))
    await one.store.transaction((query) => query.run(sql`delete from evidence`))
    const [past] = await pastDecisions(one.store, time)
    expect(await replayIncident(one.store, past ?? expect.fail(), one.settings)).toBeNull()
  })

  test('is read by a store that the server lets write nothing', async () => {
    const one = await world({ policy })
    await one.handle(lateTable())
    await using store = openStore(database().appUrl, one.store.tenant, { readOnly: true })
    expect(await pastDecisions(store, time)).toHaveLength(1)
    await expect(saveMark(store, 'x', new Date())).rejects.toThrow(/25006/)
  })
})

test('agreement is counted by what people said of the decision that they saw', async () => {
  const one = await world({ policy })
  const say = (incident: string, verdict: 'right' | 'false_alarm' | 'was_real' | 'wrong_cause') =>
    sayAbout(one.store, { incident, verdict, note: '', who: 'ann' }, one.settings)
  const host = (name: string) => ({ ...staging, host: name, title: `Memory of ${name} at 90 %` })
  const quiet = [await one.handle(host('a')), await one.handle(host('b')), await one.handle(host('c'))] as const
  const table = (name: string) =>
    lateTable({
      alert_id: name,
      title: `Table ${name} is late`,
      metric: { name: 'freshness_hours', value: 9, threshold: 3, table: name },
    })
  const told = [await one.handle(table('x.y.a')), await one.handle(table('x.y.b'))] as const
  await say(quiet[0], 'right')
  await say(quiet[1], 'was_real')
  await one.decide(quiet[1])
  await say(told[0], 'false_alarm')
  await say(told[1], 'wrong_cause')
  expect(await agreements(one.store, 30)).toEqual([
    {
      source: 'plain/prometheus',
      decided: 3,
      told: 0,
      toldJudged: 0,
      toldReal: 0,
      quiet: 3,
      quietJudged: 2,
      quietReal: 1,
    },
    {
      source: 'plain/datadog',
      decided: 2,
      told: 2,
      toldJudged: 2,
      toldReal: 1,
      quiet: 0,
      quietJudged: 0,
      quietReal: 0,
    },
  ])
})
