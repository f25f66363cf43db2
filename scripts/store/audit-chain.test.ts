import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { appendAudit } from './audit.ts'
import { checkAuditChain, sealAt, sealAudit } from './audit-chain.ts'
import type { Store } from './connection.ts'

const { database, tenant } = useTestStore()
const key = 'k'.repeat(32)

async function write(store: Store, count: number): Promise<void> {
  for (let line = 0; line < count; line += 1) {
    await appendAudit(store, { actor: 'ann', what: 'approved', subject: `INC-${line}`, detail: { line, é: '"\n' } })
  }
}

/** What only whoever holds the database itself can do. */
async function tamper(store: Store, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: database().ownerUrl })
  await client.connect()
  try {
    await client.query("select set_config('dim.tenant', $1, false)", [store.tenant])
    const { rowCount } = await client.query(statement)
    expect(rowCount).toBeGreaterThan(0)
  } finally {
    await client.end()
  }
}

/** A line by its place in the chain. */
const lineAt = (sequence: number) => `id = (select audit_id from audit_seals where sequence = ${sequence})`

describe('the chain over the audit log', () => {
  test('holds over lines of all kinds, over several batches and over what is added later', async () => {
    const store = tenant()
    expect(await checkAuditChain(store, key)).toEqual({ head: null, faults: [], unsealed: 0, erased: 0 })
    await write(store, 3)
    await tamper(
      store,
      `insert into audit (tenant, actor, what, detail) select '${store.tenant}', 'many', 'w', '{}' from generate_series(1, 1200)`,
    )
    expect((await sealAudit(store, key)).sealed).toBe(1203)
    await write(store, 2)
    expect(await checkAuditChain(store, key)).toMatchObject({ head: { sequence: 1203 }, faults: [], unsealed: 2 })
    const { sealed, head } = await sealAudit(store, key)
    expect(sealed).toBe(2)
    expect(await checkAuditChain(store, key)).toEqual({ head, faults: [], unsealed: 0, erased: 0 })
  })

  test('is one chain, however many seal at once while lines are written', async () => {
    const store = tenant()
    const sealing = Array.from({ length: 6 }, () => sealAudit(store, key))
    await Promise.all([write(store, 20), write(store, 20), ...sealing])
    await Promise.all(Array.from({ length: 4 }, () => sealAudit(store, key)))
    expect(await checkAuditChain(store, key)).toMatchObject({ head: { sequence: 40 }, faults: [], unsealed: 0 })
  })

  test.each([
    ["update audit set actor = 'bob'", 'changed'],
    ['update audit set detail = detail || \'{"line": 9}\'', 'changed'],
    ["update audit set at = at + interval '1 microsecond'", 'changed'],
    ['update audit set subject = null', 'changed'],
    ['delete from audit', 'removed'],
  ])('finds the one line that met: %s', async (statement, what) => {
    const store = tenant()
    await write(store, 5)
    await sealAudit(store, key)
    await tamper(store, `${statement} where ${lineAt(3)}`)
    const { faults } = await checkAuditChain(store, key)
    expect(faults).toEqual([{ sequence: 3, audit_id: expect.any(String), what }])
  })

  test('finds a link that was taken out with its line, and a seal that was changed', async () => {
    const store = tenant()
    await write(store, 5)
    await sealAudit(store, key)
    await tamper(store, `delete from audit where ${lineAt(2)}`)
    await tamper(store, 'delete from audit_seals where sequence = 2')
    expect((await checkAuditChain(store, key)).faults).toMatchObject([{ sequence: 3, what: 'link missing before' }])
    await tamper(store, "update audit_seals set seal = 'x' where sequence = 5")
    expect((await checkAuditChain(store, key)).faults.map(({ sequence }) => sequence)).toEqual([3, 5])
  })

  test('shows an end that was cut off and sealed anew to whoever noted its head', async () => {
    const store = tenant()
    await write(store, 4)
    const { head } = await sealAudit(store, key)
    await tamper(store, `update audit set actor = 'bob' where ${lineAt(4)}`)
    await tamper(store, 'delete from audit_seals where sequence = 4')
    await sealAudit(store, key)
    expect((await checkAuditChain(store, key)).faults).toEqual([])
    expect(await sealAt(store, 4)).not.toBe(head?.seal)
    expect(await sealAt(store, 5)).toBeNull()
  })

  test('holds by its own key only, of its own tenant only, and not by a short one', async () => {
    const [store, other] = [tenant(), tenant()]
    await write(store, 2)
    await write(other, 1)
    await Promise.all([sealAudit(store, key), sealAudit(other, key)])
    expect((await checkAuditChain(store, 'x'.repeat(32))).faults).toHaveLength(2)
    expect((await checkAuditChain(other, key)).head?.sequence).toBe(1)
    await expect(sealAudit(store, 'short')).rejects.toMatchObject({ code: 'E_SETTING_INVALID' })
  })
})
