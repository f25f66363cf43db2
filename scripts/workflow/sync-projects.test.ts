import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dbtManifest, dbtModel, shop, writeArtifacts } from '../../tests/support/dbt-project.ts'
import { useTestStore } from '../../tests/support/store.ts'
import { instanceOf } from '../../tests/support/systems.ts'
import { dbt } from '../connectors/dbt.ts'
import { dbtNodesNamed } from '../store/dbt.ts'
import { dueWork } from './due-work.ts'
import { syncProject } from './sync-projects.ts'

const { tenant } = useTestStore()
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-sync-'))
  await writeArtifacts(folder, shop())
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const system = () => instanceOf(dbt, { DBT_ARTIFACTS: folder })
const due = { kind: 'sync' as const, subject: 'projects', due_at: new Date(), attempt: 1, lease_token: 'x' }

test('a manifest is read when it has changed, and not again', async () => {
  const store = tenant()
  expect(await syncProject(store, system())).toBe(true)
  expect(await syncProject(store, system())).toBe(false)
  const changed = dbtManifest([dbtModel('ledger', [])], {
    metadata: { ...Object(shop().manifest.metadata), invocation_id: 'two' },
  })
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(changed))
  expect(await syncProject(store, system())).toBe(true)
  expect(await dbtNodesNamed(store, 'dbt', ['ledger', 'fct_revenue'])).toMatchObject([{ id: 'model.shop.ledger' }])
})

test('what was kept stays while there is none, or a broken one; the clock tells of it and goes on', async () => {
  const store = tenant()
  await syncProject(store, system())
  await rm(join(folder, 'manifest.json'))
  expect(await syncProject(store, system())).toBe(false)
  await writeFile(join(folder, 'manifest.json'), '{"metadata"')
  const told: string[] = []
  const log = (_: string, text: string) => told.push(text)
  const worked = await dueWork.sync(store, due, { settings: { DBT_ARTIFACTS: folder }, log })
  expect(worked.againInMs).toBeGreaterThan(0)
  expect(told).toEqual([expect.stringMatching(/dbt: its project can't be read: E_HTTP_ANSWER/)])
  expect(await dbtNodesNamed(store, 'dbt', ['fct_revenue'])).toHaveLength(1)
})
