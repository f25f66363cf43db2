import { expect, test } from 'vitest'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
const { world } = useWorlds()
test('smoke', async () => {
  const w = await world()
  for (const name of ['schema_drift','false_positive','dag_timeout'] as const) {
    const id = await w.handle(await scenario(name))
    console.log(name, (await w.incident(id)).state, w.told(id).length, await w.messages(id).then(m => m.map(x=>[x.key,x.state])), await w.due(id))
  }
  const id = await w.handle(lateTable())
  console.log((await w.incident(id)), w.told(id), await w.due(id))
  console.log(await w.turn(), w.logged)
  expect(1).toBe(1)
})
