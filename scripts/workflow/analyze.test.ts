import { describe, expect, test } from 'vitest'
import { geminiFaults, geminiKey, startGemini } from '../../tests/stand-ins/gemini.ts'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { defaultModelTerms } from '../domain/model-terms.ts'
import { AppError } from '../lib/errors.ts'
import { loadActions } from '../store/actions.ts'
import { loadDecision } from '../store/decisions.ts'
import { addModelUsage, modelUsage } from '../store/model-usage.ts'
import { analyzeIncident } from './analyze.ts'
import { gatherIncident } from './gather.ts'
import { modelGate } from './model-gate.ts'
import { routeIncident } from './route.ts'
import { unlessSuperseded } from './superseded.ts'

const { world } = useWorlds()
const now = new Date()

describe('analysing', () => {
  test('by the model asks it once for each decision, however often its task runs', async () => {
    const gemini = await startGemini()
    const { store, open, settings } = await world({
      settings: { GEMINI_API_KEY: geminiKey, GEMINI_BASE_URL: gemini.url },
    })
    const id = await open(await scenario('schema_drift'))
    await gatherIncident(store, id, 'a', settings, now)
    const record = await analyzeIncident(store, id, 'a', settings, now)
    expect(record).toMatchObject({ analyzer: 'gemini', fallback: null })
    const { decision } = await routeIncident(store, id, 'a', settings, now)
    expect(decision).toMatchObject({ recommended_action: 'notify_team', analyzer: 'gemini' })
    expect(await analyzeIncident(store, id, 'a', settings, now)).toMatchObject(record)
    expect(gemini.questions).toHaveLength(1)
    await gemini.close()
  })

  test('goes on by rules when the model refuses', async () => {
    const gemini = await startGemini()
    gemini.fail(geminiFaults.badKey(), { times: Number.POSITIVE_INFINITY })
    const { store, open, settings } = await world({
      settings: { GEMINI_API_KEY: geminiKey, GEMINI_BASE_URL: gemini.url },
    })
    const id = await open(await scenario('schema_drift'))
    await gatherIncident(store, id, 'a', settings, now)
    expect(await analyzeIncident(store, id, 'a', settings, now)).toMatchObject({
      analyzer: 'rules',
      fallback: expect.any(String),
    })
    await gemini.close()
  })

  test('of an incident that another execution took over keeps nothing', async () => {
    const { store, open, pass, settings } = await world()
    const id = await open(lateTable())
    await gatherIncident(store, id, 'slow', settings, now)
    await pass(200_000)
    await gatherIncident(store, id, 'second', settings, now)
    const late = analyzeIncident(store, id, 'slow', settings, now)
    await expect(late).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
    expect(await unlessSuperseded(late)).toBeNull()
    await expect(routeIncident(store, id, 'slow', settings, now)).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
    expect(await loadDecision(store, id)).toBeNull()
  })

  test('of an incident that ended meanwhile comes too late, and is no failure', async () => {
    const { store, open, fire, settings } = await world()
    const id = await open(lateTable())
    await gatherIncident(store, id, 'a', settings, now)
    await fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    expect(await unlessSuperseded(analyzeIncident(store, id, 'a', settings, now))).toBeNull()
    expect(await unlessSuperseded(routeIncident(store, id, 'a', settings, now))).toBeNull()
  })

  test('that fails for another reason fails', async () => {
    const { store, open, settings } = await world()
    const id = await open(lateTable())
    await gatherIncident(store, id, 'a', settings, now)
    const broken = { ...settings, DIM_CONFIG_DIR: '' }
    await expect(unlessSuperseded(analyzeIncident(store, id, 'a', broken, now))).rejects.toMatchObject({
      code: 'E_SETTING_MISSING',
    })
  })

  test('asks the model no more when the day’s budget is spent, and people are told once', async () => {
    const gemini = await startGemini()
    const { store, open, settings } = await world({
      settings: { GEMINI_API_KEY: geminiKey, GEMINI_BASE_URL: gemini.url },
    })
    await addModelUsage(store, { calls: 900, tokens: 2_000_000, costUsd: 1 })
    const notes: unknown[] = []
    for (const name of ['schema_drift', 'dag_timeout'] as const) {
      const id = await open(await scenario(name))
      await gatherIncident(store, id, name, settings, now)
      const record = await analyzeIncident(store, id, name, settings, now)
      expect(record).toMatchObject({ analyzer: 'rules', fallback: expect.stringContaining('budget') })
      await routeIncident(store, id, name, settings, now)
      notes.push(...(await loadActions(store, id)).flatMap(({ message }) => message?.note ?? []))
    }
    expect(gemini.questions).toHaveLength(0)
    expect(notes).toEqual([expect.stringMatching(/until midnight UTC: the budget of the model is spent/)])
    await gemini.close()
  })

  test('counts what the model cost, and leaves one alone that does not answer', async () => {
    const gemini = await startGemini()
    const { store, open, settings } = await world({
      settings: { GEMINI_API_KEY: geminiKey, GEMINI_BASE_URL: gemini.url },
    })
    const decideOne = async (name: 'schema_drift' | 'dag_timeout') => {
      const id = await open(await scenario(name))
      await gatherIncident(store, id, name, settings, now)
      return analyzeIncident(store, id, name, settings, now)
    }
    expect((await decideOne('schema_drift')).analyzer).toBe('gemini')
    const { calls, tokens, costUsd } = await modelUsage(store)
    expect([calls, tokens > 0, costUsd > 0]).toEqual([gemini.questions.length, true, true])
    const gate = modelGate(store, defaultModelTerms)
    const tell = (code: 'E_MODEL_ANSWER' | 'E_MODEL_UNAVAILABLE') =>
      gate.tell({ calls: 0, tokens: 0, costUsd: 0 }, new AppError(code, 'It is down.', 'Wait.'))
    for (let time = 0; time < 4; time += 1) await tell('E_MODEL_ANSWER')
    expect(await gate.closed()).toBeNull()
    for (let time = 0; time < 3; time += 1) await tell('E_MODEL_UNAVAILABLE')
    const asked = gemini.requests.length
    expect(await decideOne('dag_timeout')).toMatchObject({ fallback: expect.stringContaining('left alone') })
    expect(gemini.requests).toHaveLength(asked)
    await gemini.close()
  })
})
