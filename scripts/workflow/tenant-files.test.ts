import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configFolderOf, tenantsIn } from '../lib/tenant.ts'
import { readConfiguration } from './configuration.ts'
import { addTenantFiles, removeTenantFiles, type TenantFiles } from './tenant-files.ts'

let files: TenantFiles
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dim-tenants-'))
  files = { folder, settings: join(folder, 'tenants.env') }
})
afterEach(() => rm(files.folder, { recursive: true }))

describe('a new tenant', () => {
  it('has a configuration without a fault and a key of its own, which only its user reads', async () => {
    const own = await addTenantFiles(files, 'acme-eu')
    expect(own).toBe(configFolderOf(files.folder, 'acme-eu'))
    const configuration = await readConfiguration({ DIM_CONFIG_DIR: own })
    expect(configuration.filter(({ fault }) => fault !== null)).toEqual([])
    const written = configuration.filter(({ text }) => text !== null)
    expect(written.map(({ name }) => name)).toEqual(['policy.yaml', 'catalog.yaml', 'routing.yaml'])
    expect(await readFile(files.settings, 'utf8')).toMatch(/^ACME_EU__ALERT_WEBHOOK_KEY=[0-9a-f]{48}\n$/)
    expect((await stat(files.settings)).mode & 0o777).toBe(0o600)
    expect(await tenantsIn(files.folder)).toEqual(['acme-eu'])
  })

  it.each(['acme', 'acme-eu', 'ac'])('is refused as %s beside acme-eu-west and acme', async (name) => {
    await addTenantFiles(files, 'acme')
    await expect(addTenantFiles(files, name)).rejects.toThrow(/already|begin alike/)
  })

  it.each(['../acme', 'a/b', 'Acme', ''])('is refused as %j', async (name) => {
    await expect(addTenantFiles(files, name)).rejects.toThrow(/no tenant’s name/)
    await expect(removeTenantFiles(files, name)).rejects.toThrow(/no tenant’s name/)
  })
})

describe('taking a tenant’s files away', () => {
  it('leaves those of others', async () => {
    await writeFile(files.settings, '# of all tenants\n')
    await addTenantFiles(files, 'acme')
    await addTenantFiles(files, 'globex')
    await removeTenantFiles(files, 'acme')
    await removeTenantFiles(files, 'acme')
    expect(await tenantsIn(files.folder)).toEqual(['globex'])
    expect(await readFile(files.settings, 'utf8')).toMatch(/^# of all tenants\nGLOBEX__ALERT_WEBHOOK_KEY=\w+\n$/)
  })

  it('takes folders of other names for no tenants', async () => {
    await mkdir(join(files.folder, 'tenants', 'Not one'), { recursive: true })
    expect(await tenantsIn(files.folder)).toEqual([])
    expect(await tenantsIn(join(files.folder, 'nowhere'))).toEqual([])
  })
})
