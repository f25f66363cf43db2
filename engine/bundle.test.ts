import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTasks } from './bundle.ts'

const tasks = join(import.meta.dirname, '..', 'scripts', 'tasks')

describe('the bundled tasks', () => {
  let folder: string
  let files: string[]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tasks-'))
    files = await buildTasks(folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('are one whole file for each task', async () => {
    const names = (await readdir(tasks)).filter((name) => !name.endsWith('.test.ts'))
    const expected = names.map((name) => name.replace(/\.ts$/, '.cjs')).sort()
    expect(files.map((file) => basename(file)).sort()).toEqual(expected)
    expect((await readdir(folder)).sort()).toEqual(expected)
  })

  it('leave out of zod what nobody uses, and keep its words', async () => {
    const bundles = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    // The start of an invalid input's message in German, and in the language that is used.
    expect(bundles.filter((bundle) => bundle.includes('Eingabe: erwartet'))).toEqual([])
    expect(bundles.filter((bundle) => !bundle.includes('Invalid input: expected'))).toEqual([])
  })

  it.each(['receive', 'analyze'])('run by themselves: %s says which setting is missing', async (task) => {
    const environment = { DIM_CONTEXT: JSON.stringify({ tenant: 'test', execution: 'e1', original: 'e1', flows: '1' }) }
    const run = promisify(execFile)(process.execPath, [join(folder, `${task}.cjs`)], { env: environment })
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/E_SETTING_MISSING.*DATABASE_URL/),
    })
  })
})
