import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../lib/json.ts'
import { runCommand, wantedKestra } from './launch.ts'

const home = join(import.meta.dirname, '..', '..')
const help = `Usage: ./test_all.sh [--engine VERSION] [--unit | --e2e | --peers]

Proves the product: types, lint, unit tests and contract suites, then the whole flow through the real Kestra engine.
The exit code is the answer; the last line reads "N passed, N failed".

  --engine VERSION   Kestra 1.3.31 (default) or 2.0.0
  --unit             only what needs no engine
  --e2e              only what goes through the engine
  --peers            only the tests against real programs of others (Prometheus, Alertmanager, …), which are installed
                     where that is possible; what is missing fails
`

const Report = z.looseObject({ numPassedTests: z.number(), numFailedTests: z.number(), success: z.boolean() })

await runCommand(
  help,
  { engine: { type: 'string' }, unit: { type: 'boolean' }, e2e: { type: 'boolean' }, peers: { type: 'boolean' } },
  async ({ engine, unit, e2e, peers }) => {
    const version = typeof engine === 'string' ? engine : wantedKestra()
    const counts = { passed: 0, failed: 0 }
    if (!e2e && !peers) {
      await check('types', ['typescript/bin/tsc', '-p', '.'], counts)
      await check('lint', ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings'], counts)
      await vitest('unit tests and contract suites', 'unit', {}, counts)
    }
    const onVersion = { KESTRA_VERSION: version }
    if (!unit && !peers) await vitest(`end to end through Kestra ${version}`, 'e2e', onVersion, counts)
    if (peers) await vitest(`with real peers, through Kestra ${version}`, 'peers', onVersion, counts)
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`)
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1
  },
)

async function check(claim: string, command: string[], counts: { passed: number; failed: number }): Promise<void> {
  process.stdout.write(`\n== ${claim}\n`)
  const status = await run(command, {})
  if (status === 0) counts.passed += 1
  else counts.failed += 1
}

async function vitest(
  claim: string,
  project: string,
  environment: Record<string, string>,
  counts: { passed: number; failed: number },
): Promise<void> {
  process.stdout.write(`\n== ${claim}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'dim-report-'))
  try {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const status = await run(['vitest/vitest.mjs', 'run', '--project', project, ...reporters], environment)
    const report = Report.parse(parseJson(await readFile(file, 'utf8')))
    counts.passed += report.numPassedTests
    counts.failed += report.numFailedTests
    // A file that can't even be loaded fails without a failed test.
    if (status !== 0 && report.numFailedTests === 0) counts.failed += 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run(command: string[], environment: Record<string, string>): Promise<number> {
  const [script = '', ...rest] = command
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(home, 'node_modules', script), ...rest], {
      cwd: home,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
