import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { downstreamOf } from '../store/lineage.ts'
import { keepCatalogLineage } from './lineage.ts'

const { tenant } = useTestStore()
const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

test('a catalogue’s lineage is kept when it changes; a broken file costs nothing that was known', async () => {
  const store = tenant()
  const folder = await mkdtemp(join(tmpdir(), 'dim-lineage-'))
  folders.push(folder)
  const settings = { DIM_CONFIG_DIR: folder }
  const write = (text: string) => writeFile(join(folder, 'catalog.yaml'), text)
  expect(await keepCatalogLineage(store, settings)).toBe(false)
  await write('assets: [{ name: orders, kind: table, tier: 1, upstream: [Load_Orders] }]')
  expect(await keepCatalogLineage(store, settings)).toBe(true)
  expect(await keepCatalogLineage(store, settings)).toBe(false)
  await write('assets: [{ name: orders, upstrea: x }]')
  await expect(keepCatalogLineage(store, settings)).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
  expect([...(await downstreamOf(store, 'load_orders')).keys()]).toEqual(['orders'])
})
