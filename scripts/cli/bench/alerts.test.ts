import { expect, test } from 'vitest'
import { useWorlds } from '../../../tests/support/workflow.ts'
import { freshAlert } from './alerts.ts'

const { world } = useWorlds()

test('each fresh alert is an incident of its own, and ends as it should', async () => {
  const one = await world()
  for (const name of ['run-1', 'run-2', 'run-3', 'run-4']) {
    const notified = await one.handle(await freshAlert('notified', name))
    expect(await one.incident(notified)).toMatchObject({ state: 'notified', severity: 'HIGH' })
    const dismissed = await one.handle(await freshAlert('dismissed', name))
    expect(await one.incident(dismissed)).toMatchObject({ state: 'dismissed' })
  }
})
