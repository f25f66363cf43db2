import { describe, expect, test } from 'vitest'
import { geminiFaults, geminiKey, startGemini } from '../../tests/stand-ins/gemini.ts'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { loadDecision } from '../store/decisions.ts'
import { analyzeIncident } from './analyze.ts'
import { gatherIncident } from './gather.ts'
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
})
