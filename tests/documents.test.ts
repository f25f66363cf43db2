import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { errorCodes } from '../scripts/lib/errors.ts'
import { configurationSchemas } from '../scripts/workflow/configuration.ts'

const home = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(home, path), 'utf8')
const pages = ['README.md', 'SETUP.md', 'CONTRIBUTING.md', 'CHANGELOG.md']

const schemas = await configurationSchemas()

describe('the schemas of the configuration, for editors', () => {
  it.each([...schemas])('of %s.yaml is what the code reads', async (name, schema) => {
    // Written anew by `npx vitest run --project unit tests/documents.test.ts --update`.
    const published = join(home, 'config', 'schema', `${name}.json`)
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(published)
  })

  it.each([...schemas.keys()])('is named by the %s file that ships', (name) => {
    const file = name === 'monitors' ? 'monitors.example.yaml' : `${name}.yaml`
    expect(read(`config/${file}`).split('\n')[0]).toBe(`# yaml-language-server: $schema=schema/${name}.json`)
  })
})

describe('documents', () => {
  it('tell what to do about every error code, and about no other', () => {
    const told = [...read('SETUP.md').matchAll(/^\| `(E_[A-Z_]+)` \|/gm)].map((match) => match[1])
    expect(told.sort()).toEqual(Object.keys(errorCodes).sort())
  })

  it.each(pages)('%s names only files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !existsSync(join(home, link)))).toEqual([])
  })

  it.each(pages)('%s names only commands that are there', (page) => {
    const { scripts } = z
      .looseObject({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')))
    const named = [...read(page).matchAll(/npm (?:run )?(?:--silent )?([a-z][a-z:-]+)/g)].map((match) => match[1] ?? '')
    const builtIn = ['ci', 'install', 'packages', 'test', 'start', 'run', 'rebuild']
    expect(named.filter((name) => !builtIn.includes(name) && !(name in scripts))).toEqual([])
  })
})
