import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configurationSchemas, readConfiguration } from './configuration.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-config-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a key that is not known is refused by the schema as by the code', async () => {
  const schemas = await configurationSchemas()
  expect(schemas.get('catalog')).toMatchObject({
    additionalProperties: false,
    properties: { assets: { items: { additionalProperties: false, required: ['name', 'kind', 'tier'] } } },
  })
})

test('faults of every file are told with their lines, and a file that is not there is none', async () => {
  await writeFile(join(folder, 'policy.yaml'), 'mode: notify\n')
  await writeFile(
    join(folder, 'catalog.yaml'),
    `calendars: [{ name: trading, holidays: ['2026-13-01'] }]
assets:
  - { name: a, kind: table, tier: 1, sla: { deadline: '08:00', calendar: weekday } }
  - { name: b, kind: table, tier: 1, sla: { month_end: true } }
  - name: c
    kind: table
    teir: 1
`,
  )
  await writeFile(join(folder, 'systems.yaml'), 'systems:\n  - { name: a, kind: airflow, url: nowhere }\n')
  await writeFile(join(folder, 'monitors.yaml'), "monitors:\n  - name: acme\n    when: { '$[': x }\n    fields: {}\n")
  await writeFile(join(folder, 'retention.yaml'), 'raw: 0\n')
  const files = await readConfiguration({ DIM_CONFIG_DIR: folder })
  const lines = Object.fromEntries(files.map(({ name, faultLines }) => [name, [...faultLines]]))
  expect(lines).toMatchObject({ 'policy.yaml': [], 'routing.yaml': [], 'systems.yaml': [2], 'retention.yaml': [1] })
  expect(lines['monitors.yaml']).not.toEqual([])
  expect(files.find(({ name }) => name === 'catalog.yaml')?.fault).toMatch(
    /line 1, .*MM-DD.*line 4, .*need a deadline.*line 5, .*tier.*line 7, .*teir: unknown key/s,
  )
})

test('a calendar that nobody wrote down is named with its line', async () => {
  await writeFile(join(folder, 'policy.yaml'), 'mode: notify\n')
  const sla = "{ deadline: '08:00', calendar: weekday }"
  await writeFile(join(folder, 'catalog.yaml'), `assets:\n  - { name: a, kind: table, tier: 1, sla: ${sla} }\n`)
  const files = await readConfiguration({ DIM_CONFIG_DIR: folder })
  expect(files.find(({ name }) => name === 'catalog.yaml')?.fault).toContain(
    'line 2, assets.0.sla.calendar: there is no calendar weekday; there are weekdays',
  )
})
