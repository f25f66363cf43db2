import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from './errors.ts'
import { readYamlFile } from './yaml-file.ts'

const schema = z.strictObject({
  assets: z.array(z.strictObject({ name: z.string(), tier: z.int().max(4), owner: z.string().optional() })),
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yaml-file-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function read(text: string): Promise<unknown> {
  const path = join(folder, 'catalog.yaml')
  await writeFile(path, text)
  return await readYamlFile(path, schema)
}

async function faults(text: string): Promise<string> {
  const thrown = await read(text).then(
    () => null,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(AppError)
  expect((thrown as AppError).code).toBe('E_CONFIG_INVALID')
  return (thrown as AppError).message
}

test('reads what fits the schema, anchors included', async () => {
  const text =
    'assets:\n  - name: orders\n    tier: 1\n    owner: &owner data-team\n  - { name: users, tier: 2, owner: *owner }\n'
  expect(await read(text)).toEqual({
    assets: [
      { name: 'orders', tier: 1, owner: 'data-team' },
      { name: 'users', tier: 2, owner: 'data-team' },
    ],
  })
})

test('tells every fault at once, with file, line and path', async () => {
  const message = await faults(
    'assets:\n  - name: orders\n    teir: 1\n  - name: users\n    tier: 9\n    ownr: me\nextra: 1\n',
  )
  expect(message).toContain('catalog.yaml is not valid (5 faults)')
  expect(message).toContain('line 3, assets.0.teir: unknown key')
  expect(message).toMatch(/line 2, assets\.0\.tier: /)
  expect(message).toMatch(/line 5, assets\.1\.tier: /)
  expect(message).toContain('line 6, assets.1.ownr: unknown key')
  expect(message).toContain('line 7, extra: unknown key')
})

test.each([
  ['broken', 'assets: [\n', /line 2/],
  ['a key twice', 'assets: []\nassets: []\n', /line 2, .*unique/],
  ['an unknown tag', 'assets: !!js/function "x"\n', /line 1/],
  ['an unknown alias', 'assets: *nothing\n', /alias/i],
  ['empty', '', /the file: /],
])('%s', async (_, text, expected) => {
  expect(await faults(text)).toMatch(expected)
})

test('a bomb of aliases is refused', async () => {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (const [level, before] of [
    ['b', 'a'],
    ['c', 'b'],
    ['d', 'c'],
    ['e', 'd'],
    ['f', 'e'],
    ['g', 'f'],
  ] as const) {
    levels.push(`${level}: &${level} [${Array(10).fill(`*${before}`).join(', ')}]`)
  }
  expect(await faults(levels.join('\n'))).toMatch(/aliases are nested too far/)
})

test('a missing file and a folder say so', async () => {
  await expect(readYamlFile(join(folder, 'none.yaml'), schema)).rejects.toThrow(/none\.yaml.*\n.*the file is missing/)
  await expect(readYamlFile(folder, schema)).rejects.toThrow(/can not be read/)
})
