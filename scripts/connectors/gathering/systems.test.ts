import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certainSystem } from '../../domain/system.ts'
import { readYamlFile } from '../../lib/yaml-file.ts'
import { allConnectors } from '../index.ts'
import { fileSchema, loadSystems } from './systems.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systems-'))
})
afterAll(() => rm(folder, { recursive: true }))

const byDefault = { AIRFLOW_URL: 'http://a', AIRFLOW_USERNAME: 'reader', AIRFLOW_PASSWORD: 'default-password' }
const eu = '  - { name: airflow_eu, kind: airflow, url: https://eu.example.com, aliases: [prod-eu], limit_seconds: 2 }'

async function load(text: string, settings: Record<string, string> = {}, purpose: 'read' | 'write' = 'read') {
  await writeFile(join(folder, 'systems.yaml'), text)
  return loadSystems({ DIM_CONFIG_DIR: folder, ...settings }, { purpose })
}

test('the settings describe one instance a kind, named as its kind', async () => {
  expect(await loadSystems(byDefault)).toEqual({
    all: [
      {
        name: 'airflow',
        kind: 'airflow',
        environment: null,
        aliases: [],
        limitMs: null,
        options: { url: 'http://a' },
        credentials: { username: 'reader', password: 'default-password' },
      },
    ],
    fault: null,
  })
})

test('the file names further ones, and their credentials come by name', async () => {
  const credentials = JSON.stringify({ airflow_eu: { username: 'u', password: 'p' } })
  const systems = await load(`systems:\n${eu}`, { ...byDefault, SYSTEMS_CREDENTIALS: credentials })
  expect(systems.fault).toBeNull()
  expect(systems.all.map(({ name }) => name)).toEqual(['airflow', 'airflow_eu'])
  expect(systems.all[1]).toMatchObject({
    limitMs: 2000,
    options: { url: 'https://eu.example.com' },
    credentials: { username: 'u', password: 'p' },
  })
  expect(certainSystem(systems, 'airflow', 'prod-eu')?.name).toBe('airflow_eu')
  expect(certainSystem(systems, 'airflow', null)).toBeNull()
  expect(certainSystem(systems, 'airflow', 'other')).toBeNull()
})

test('fixes get credentials of their own where there are some', async () => {
  const settings = {
    SYSTEMS_CREDENTIALS: '{"airflow_eu":{"username":"reader"},"airflow_us":{"username":"reader"}}',
    SYSTEMS_WRITE_CREDENTIALS: '{"airflow_eu":{"username":"writer"}}',
  }
  const text = `systems:\n${eu}\n  - { name: airflow_us, kind: airflow, url: https://us.example.com }`
  const names = async (purpose: 'read' | 'write') =>
    (await load(text, settings, purpose)).all.map(({ credentials }) => credentials.username)
  expect(await names('read')).toEqual(['reader', 'reader'])
  expect(await names('write')).toEqual(['writer', 'reader'])
})

test.each([
  ['an unknown key', eu.replace('limit_seconds', 'limit'), /line 2, systems\.0\.limit: unknown key/],
  ['a password', eu.replace('limit_seconds: 2', 'password: hunter2'), /line 2, systems\.0\.password: unknown key/],
  ['an unknown kind', eu.replace('kind: airflow', 'kind: airfow'), /line 2, systems\.0\.kind/],
  ['no URL', eu.replace('https://eu.example.com', 'eu'), /line 2, systems\.0\.url/],
  ['a name twice', `${eu}\n${eu.replace('aliases: [prod-eu], ', '')}`, /line 3, systems\.1\.name: airflow_eu is taken/],
  ['the name of the default one', eu.replace('airflow_eu', 'airflow'), /systems\.0\.name: airflow is taken/],
  ['an alias that is another’s name', eu.replace('prod-eu', 'airflow'), /aliases: airflow is taken/],
])('refuses %s, with its line, and keeps what settings describe', async (_, entry, message) => {
  const { all, fault } = await load(`systems:\n${entry}`, byDefault)
  expect(all.map(({ name }) => name)).toEqual(['airflow'])
  expect(fault).toMatchObject({ code: 'E_CONFIG_INVALID', message: expect.stringMatching(message) })
  expect(certainSystem({ all, fault }, 'airflow', null)).toBeNull()
  expect(JSON.stringify(fault)).not.toContain('hunter2')
})

test.each(['{', '[]', '{"airflow_eu": "secret-word"}', '{"airflow_eu": {"password": 7}}'])(
  'refuses the credentials %s without quoting them',
  async (text) => {
    const { fault } = await load(`systems:\n${eu}`, { SYSTEMS_CREDENTIALS: text })
    expect(fault).toMatchObject({ code: 'E_SETTING_INVALID', message: expect.stringContaining('SYSTEMS_CREDENTIALS') })
    expect(JSON.stringify(fault)).not.toContain('secret-word')
  },
)

test('the example that ships is valid', async () => {
  const example = join(import.meta.dirname, '..', '..', '..', 'config', 'systems.yaml')
  expect(await readYamlFile(example, fileSchema(await allConnectors()))).toEqual({ systems: [] })
})

test.each([
  ['neither', ''],
  ['both', ', folder: /artifacts, url: https://artifacts.example.com'],
])('what a kind demands across its keys holds in the file: a dbt with %s of folder and url', async (_, keys) => {
  const { fault } = await load(`systems:\n  - { name: dbt_finance, kind: dbt${keys} }`)
  expect(fault).toMatchObject({
    code: 'E_CONFIG_INVALID',
    message: expect.stringMatching(/line 2.*either folder or url/),
  })
})
