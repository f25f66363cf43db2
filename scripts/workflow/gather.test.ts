import { describe, expect, test } from 'vitest'
import { exampleAlert, receive } from '../../tests/support/store.ts'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { ofKind } from '../domain/evidence.ts'
import { beginAnalysis } from '../store/decisions.ts'
import { loadEvidence } from '../store/evidence.ts'
import { gatherIncident } from './gather.ts'

const { world } = useWorlds()
const now = new Date()
const chain = `assets:
  - { name: shop.raw.orders, kind: table, tier: 2 }
  - { name: shop.raw.carts, kind: table, tier: 2 }
  - { name: shop.stage.orders, kind: table, tier: 2, upstream: [shop.raw.orders] }
  - { name: shop.mart.revenue, kind: table, tier: 2, upstream: [shop.stage.orders] }
`

describe('gathering', () => {
  test('keeps what every system knows, and again the same', async () => {
    const { store, settings, open } = await world()
    const id = await open(await scenario('dag_timeout'))
    const first = await gatherIncident(store, id, 'a', settings, now)
    expect(first).toMatchObject({ source: 'plain/cloudwatch', unavailable: [] })
    const evidence = await loadEvidence(store, id)
    expect(new Set(evidence.map(({ source }) => source))).toEqual(new Set(['catalog', 'airflow', 'alert']))
    expect(await gatherIncident(store, id, 'a', settings, now)).toEqual(first)
    expect(await loadEvidence(store, id)).toEqual(evidence)
  })

  test('remembers what was before', async () => {
    const { store, settings, handle, open, pass, turn } = await world()
    await handle(lateTable())
    await pass(25 * 3_600_000)
    await turn()
    const id = await open(lateTable({ alert_id: 'late-2' }))
    await gatherIncident(store, id, 'a', settings, now)
    expect((await loadEvidence(store, id)).map(({ kind }) => kind)).toContain('past_incident')
  })

  test('knows what is open near in the lineage, the nearest first, however long since', async () => {
    const { store, settings, open, pass, turn } = await world({ catalog: chain })
    await turn()
    const late = (table: string, title = `${table} is late`) => {
      return { source: 'checks', alert_id: table, title, severity: 'high', related_context: { table } }
    }
    const far = await open(late('shop.raw.orders'))
    await pass(40 * 60_000)
    const near = await open(late('shop.stage.orders', 'Another trouble'))
    await open(late('shop.raw.carts'))
    await pass(40 * 60_000)
    const id = await open(late('shop.mart.revenue'))
    expect(new Set([far, near, id]).size).toBe(3)
    await gatherIncident(store, id, 'a', settings, now)
    const found = ofKind(await loadEvidence(store, id), 'past_incident')
    expect(found).toMatchObject([
      { source: 'history', asset: 'shop.stage.orders', data: { incident_id: near, side: 'upstream', distance: 1 } },
      { source: 'history', asset: 'shop.raw.orders', data: { incident_id: far, distance: 2, outcome: 'open' } },
    ])
    expect(found[1]?.summary).toMatch(
      /"shop.raw.orders is late", about shop.raw.orders, 2 steps upstream, has been open/,
    )
  })

  test('asks how systems are where the alert is about them', async () => {
    const healthOf = async (category: 'infrastructure' | 'volume') => {
      const { store, settings } = await world()
      const { incident } = await receive(store, exampleAlert({ category }))
      await gatherIncident(store, incident ?? expect.fail(), 'a', settings, now)
      return ofKind(await loadEvidence(store, incident ?? ''), 'system_health').map(({ data }) => data)
    }
    expect(await healthOf('volume')).toEqual([])
    expect(await healthOf('infrastructure')).toMatchObject([
      { system: 'catalog', status: 'well' },
      { system: 'airflow', status: 'well', version: '3.3.2', missing_rights: [] },
    ])
  })

  test('knows what was deployed before, and takes no deploy for an alert', async () => {
    const { store, settings, fire, open } = await world()
    const table = lateTable()
    const deploy = { event: 'deploy', ref: 'v42', by: 'ada', title: 'New load of everything' }
    expect(await fire(deploy)).toMatchObject({ count: 0, incident: null })
    await fire(deploy)
    await fire({ ...deploy, ref: 'v41', assets: ['another.table'] })
    const id = await open(table)
    await gatherIncident(store, id, 'a', settings, new Date())
    const changes = (await loadEvidence(store, id)).filter(({ kind }) => kind === 'change')
    expect(changes).toMatchObject([{ source: 'change', data: { what: 'deploy', ref: 'v42', by: 'ada' } }])
  })

  test('states a system that does not answer', async () => {
    const { store, settings, airflow, open } = await world()
    airflow.fail({ status: 403, body: { detail: 'Forbidden' } }, { times: Number.POSITIVE_INFINITY })
    const id = await open(await scenario('dag_timeout'))
    const gathered = await gatherIncident(store, id, 'a', settings, now)
    expect(gathered?.unavailable).toEqual([expect.stringMatching(/^airflow could not be asked/)])
  })

  test('is one execution’s at a time', async () => {
    const { store, settings, open } = await world()
    const id = await open(lateTable())
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((one) => gatherIncident(store, id, one, settings, now)))
    expect(all.filter((gathered) => gathered !== null)).toHaveLength(1)
  })

  test('writes nothing once another execution has taken over', async () => {
    const { store, settings, airflow, open, pass } = await world()
    const id = await open(await scenario('dag_timeout'))
    // Airflow answers the first execution only after the second one has taken over and gathered.
    const { promise, resolve } = Promise.withResolvers<void>()
    airflow.fail({ until: promise })
    const slow = gatherIncident(store, id, 'slow', settings, now)
    await airflow.waitFor(() => true)
    await pass(200_000)
    expect(await gatherIncident(store, id, 'second', settings, new Date(now.getTime() + 60_000))).not.toBeNull()
    const evidence = await loadEvidence(store, id)
    resolve()
    expect(await slow).toBeNull()
    expect(await loadEvidence(store, id)).toEqual(evidence)
  })

  test('ends with the incident', async () => {
    const { store, settings, open, fire } = await world()
    const id = await open(lateTable())
    await beginAnalysis(store, id, 'a')
    await fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    expect(await gatherIncident(store, id, 'a', settings, now)).toBeNull()
    await expect(gatherIncident(store, 'INC-NONE', 'a', settings, now)).rejects.toMatchObject({
      code: 'E_INCIDENT_UNKNOWN',
    })
  })
})
