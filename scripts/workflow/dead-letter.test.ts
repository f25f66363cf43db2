import { describe, expect, test } from 'vitest'
import { asHandedOver, count, lateTable, useWorlds } from '../../tests/support/workflow.ts'
import { AppError } from '../lib/errors.ts'
import { openStore, type Store } from '../store/connection.ts'
import { listDeadLetters } from '../store/dead-letters.ts'
import { countUndispatched } from '../store/dispatch.ts'
import { keepDeadLetter, takeOrKeep } from './dead-letter.ts'
import { replayDeadLetter } from './replay-dead-letter.ts'

const { world } = useWorlds()
const execution = { tenant: 'x', id: 'execution', originalId: 'original' }
const delivery = { body: JSON.stringify(lateTable()), headers: '{}' }
const ingestion = { flow: 'alert_ingestion', execution, incident: null }

/** A store that fails at all that comes in: unless told otherwise, as the product itself might. */
function faulty(store: Store, fault = new Error('a fault of the product')): Store {
  return {
    ...store,
    transaction: (work) =>
      store.transaction((query) =>
        work({
          ...query,
          run(statement) {
            if (statement.text.includes('insert into raw_payloads')) throw fault
            return query.run(statement)
          },
        }),
      ),
  }
}

describe('a flow that failed', () => {
  test('with a body that can be taken in now is taken in, and may be analysed at once', async () => {
    const { store } = await world()
    expect(await keepDeadLetter(store, { ...ingestion, delivery })).toBe('alerts')
    expect(await keepDeadLetter(store, { ...ingestion, delivery })).toBe('alerts')
    expect(await count(store, 'alerts')).toBe(1)
    expect(await count(store, 'dead_letters')).toBe(0)
    expect(await countUndispatched(store)).toBe(1)
  })

  test('after its body was taken in has its incident analysed all the same', async () => {
    const { store, fire } = await world()
    await fire(lateTable(), execution.originalId)
    expect(await countUndispatched(store)).toBe(0)
    expect(await keepDeadLetter(store, { ...ingestion, delivery })).toBe('alerts')
    expect(await countUndispatched(store)).toBe(1)
  })

  test('over and over by a fault of the product is a dead letter with its body, and can be replayed', async () => {
    const { store } = await world()
    expect(await keepDeadLetter(faulty(store), { ...ingestion, delivery })).toBe('dead_letter')
    const [letter, ...more] = await listDeadLetters(store)
    expect(more).toEqual([])
    expect(letter).toMatchObject({ task: 'alert_ingestion', code: 'E_UNEXPECTED', payload: delivery.body })
    expect(await replayDeadLetter(store, letter ?? expect.fail())).toBe('taken')
    expect(await count(store, 'incidents')).toBe(1)
  })

  test('while the store is away or not migrated keeps nothing here: the clock takes it in from Kestra', async () => {
    const { store } = await world()
    await using away = openStore('postgresql://dim_app:x@127.0.0.1:1/none', store.tenant)
    await expect(keepDeadLetter(away, { ...ingestion, delivery })).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
    })
    await expect(keepDeadLetter(away, { ...ingestion, delivery: null })).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
    })
    const old = faulty(store, new AppError('E_STORE_NOT_MIGRATED', 'The schema is another release’s.', 'Migrate.'))
    await expect(keepDeadLetter(old, { ...ingestion, delivery })).rejects.toMatchObject({
      code: 'E_STORE_NOT_MIGRATED',
    })
    expect(await count(store, 'dead_letters')).toBe(0)
  })

  test('about an incident is kept for that incident, once an execution', async () => {
    const { store, open } = await world()
    const incident = await open(lateTable())
    for (let run = 0; run < 2; run += 1) {
      await keepDeadLetter(store, { flow: 'incident_analyzer', execution, incident, delivery: null })
    }
    const [letter] = await listDeadLetters(store)
    expect(letter).toMatchObject({ task: 'incident_analyzer', incident, payload: null })
    expect(await replayDeadLetter(store, letter ?? expect.fail())).toMatch(/holds no body/)
    expect(await count(store, 'dead_letters')).toBe(1)
  })
})

describe('a dead letter', () => {
  test('that can be read now is taken in, once, and may be analysed', async () => {
    const { store } = await world()
    await takeOrKeep(faulty(store), 'alert_ingestion', { ...asHandedOver(lateTable(), 'execution') })
    const [letter] = await listDeadLetters(store)
    for (let run = 0; run < 2; run += 1) expect(await replayDeadLetter(store, letter ?? expect.fail())).toBe('taken')
    expect(await listDeadLetters(store)).toEqual([])
    expect(await count(store, 'alerts')).toBe(1)
    expect(await countUndispatched(store)).toBe(1)
  })

  test('that still can’t be read stays', async () => {
    const { store, fire } = await world()
    await fire('no JSON', 'execution')
    const [letter] = await listDeadLetters(store)
    expect(await replayDeadLetter(store, letter ?? expect.fail())).toMatch(/^still unreadable: \w/)
    expect(await listDeadLetters(store)).toHaveLength(1)
    expect(await count(store, 'raw_payloads')).toBe(1)
  })
})
