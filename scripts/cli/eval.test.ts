import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const home = join(import.meta.dirname, '../..')
const benchmark = join(home, 'test_scenarios/eval')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-eval-'))
  await cp(join(benchmark, 'injected_log_german.json'), join(folder, 'injected_log_german.json'))
  await cp(join(benchmark, 'late_vendor_file.json'), join(folder, 'late_vendor_file.json'))
  await cp(join(benchmark, 'answers'), join(folder, 'answers'), { recursive: true })
})
afterAll(() => rm(folder, { recursive: true }))

/** The command as it is run, its exit code and what it says. */
function evaluate(...options: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(home, 'scripts/cli/eval.ts'), ...options]
    const env = { PATH: process.env.PATH, HOME: process.env.HOME }
    execFile(process.execPath, command, { cwd: home, env }, (failure, out, err) => {
      resolve({ code: typeof failure?.code === 'number' ? failure.code : failure ? -1 : 0, out, err })
    })
  })
}

it('decides a folder by recorded answers, and writes what it found', async () => {
  const json = join(folder, '..', `${folder.split('/').at(-1)}.json`)
  const { code, out } = await evaluate('--scenarios', folder, '--analyzer', 'recorded', '--json', json)
  expect(code).toBe(0)
  expect(out).toMatch(/this: 2 of 2 correct/)
  expect(out).toContain('always notify_team/HIGH')
  const written: unknown = JSON.parse(await readFile(json, 'utf8'))
  expect(written).toMatchObject({ totals: { scenarios: 2, correct: 2 }, baseline: { scenarios: 2 } })
  await rm(json)
})

it('writes exactly what would be sent, and sends nothing', async () => {
  const prompts = join(folder, 'prompts')
  expect((await evaluate('--scenarios', folder, '--dump-prompts', prompts)).code).toBe(0)
  expect((await readdir(prompts)).sort()).toEqual(['injected_log_german.txt', 'late_vendor_file.txt'])
  const text = await readFile(join(prompts, 'injected_log_german.txt'), 'utf8')
  const [instructions = '', data = ''] = text.split('=== user')
  expect(instructions).toContain('=== instructions')
  // The injected words stand among the data, and nowhere in the instructions.
  const injected = /Ignoriere|ignoriere|Anweisung/
  expect(data).toMatch(injected)
  expect(instructions).not.toMatch(injected)
})

it.each([
  ['an empty folder', async () => mkdtemp(join(folder, 'empty-')), 1, /holds no scenario/],
  [
    'a broken file',
    async () => {
      const broken = await mkdtemp(join(folder, 'broken-'))
      await cp(join(benchmark, 'late_vendor_file.json'), join(broken, 'late_vendor_file.json'))
      await writeFile(join(broken, 'other.json'), '{"name": "other"')
      return broken
    },
    1,
    /other\.json: /,
  ],
  ['a folder that is not there', async () => join(folder, 'nowhere'), 2, /ENOENT/],
])('ends with its own exit code for %s', async (_what, make, code, says) => {
  const found = await evaluate('--scenarios', await make())
  expect([found.code, found.err]).toEqual([code, expect.stringMatching(says)])
})

it.each([
  [['--analyzer', 'magic', '--scenarios', 'x'], /There is no analyzer magic/],
  [[], /Name a folder/],
  [['--scenario', 'x'], /scenario/],
])('ends with 2 for wrong usage: %j', async (options, says) => {
  const found = await evaluate(...options)
  expect([found.code, found.err]).toEqual([2, expect.stringMatching(says)])
})
