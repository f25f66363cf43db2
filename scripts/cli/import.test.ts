import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const command = join(import.meta.dirname, 'import.ts')
const fixtures = join(import.meta.dirname, '..', 'workflow', 'import', '__fixtures__')

/** Runs the command as a person would who has set nothing up. */
function runImport(...args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, DIM_CONFIG_DIR: join(import.meta.dirname, '..', '..', 'config') }
    const child = execFile(process.execPath, [command, ...args], { env }, (_, output, errors) => {
      resolve({ code: child.exitCode, output, errors })
    })
  })
}

it('shows what would have become of an export, without a store', async () => {
  const { code, output } = await runImport(
    '--dry-run',
    join(fixtures, 'datadog.json'),
    join(fixtures, 'pagerduty.json'),
  )
  expect(code).toBe(0)
  expect(output).toMatch(/^ +5 {2}bodies read\n +5 {2}alerts in them\n/)
  expect(output).toMatch(/ 3 {2}incidents/)
  expect(output).toContain('Load of raw.payments fails')
})

it('reads the other files when one can’t be read, and says so', async () => {
  const { code, output, errors } = await runImport('--dry-run', 'no-such-file.json', join(fixtures, 'datadog.json'))
  expect(code).toBe(1)
  expect(errors).toContain('no-such-file.json: The file cannot be opened.')
  expect(output).toMatch(/ 1 {2}incidents/)
})

it.each([
  [[], 2, 'Name at least one file.'],
  [['--dry-run', '--monitor', 'nobody', 'x.json'], 1, 'There is no monitor "nobody"'],
])('refuses %j', async (args, status, text) => {
  const { code, errors } = await runImport(...args)
  expect(code).toBe(status)
  expect(errors).toContain(text)
})
