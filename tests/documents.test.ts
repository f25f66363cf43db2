import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { errorCodes } from '../scripts/lib/errors.ts'

const home = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(home, path), 'utf8')
const pages = ['README.md', 'SETUP.md', 'CONTRIBUTING.md', 'CHANGELOG.md']

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
