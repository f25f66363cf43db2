import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { openIncidents } from './incidents.ts'
import { sql } from './sql.ts'

const { tenant } = useTestStore()

describe('receiveDelivery', () => {
  test('opens an incident', async () => {
    const store = tenant()
    const received = await receive(store, exampleAlert())
    expect(received.count).toBe(1)
    const [incident] = await openIncidents(store, 10)
    expect(incident).toMatchObject({ id: received.incident, state: 'open', occurrences: 1, revision: 1 })
    expect(received.incident).toMatch(/^INC-[2-9A-HJ-NP-TV-Z]{10}$/)
    const due = await store.transaction((query) =>
      query.rows(z.object({ kind: z.string() }), sql`select kind from due order by kind`),
    )
    expect(due.map(({ kind }) => kind)).toEqual(['dispatch', 'page_deadline', 'quiet'])
  })
})
