import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const command = join(import.meta.dirname, 'parse.ts')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parse-'))
  await writeFile(
    join(folder, 'alert.json'),
    '{"title": "Load of raw.orders failed", "severity": "high", "password": "sesame-4711"}',
  )
  await writeFile(join(folder, 'broken.json'), '{"title": ')
  await writeFile(join(folder, 'nothing.json'), '{}')
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs the command as a person would. */
function parse(...args: string[]): Promise<{ code: number | string | null; lines: string[]; errors: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [command, ...args], { cwd: folder }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, lines: stdout.split('\n').filter((line) => line !== ''), errors: stderr })
    })
  })
}

it('prints one line a file and succeeds when each is understood or refused', async () => {
  const { code, lines, errors } = await parse('alert.json', 'broken.json', join(folder, 'nothing.json'))
  expect(errors).toBe('')
  expect(code).toBe(0)
  const [alert, broken, nothing] = lines.map((line) => JSON.parse(line))
  expect(alert).toMatchObject({
    file: 'alert.json',
    monitor: 'generic',
    alerts: [{ title: 'Load of raw.orders failed', severity: 'HIGH' }],
  })
  expect(broken).toMatchObject({ file: 'broken.json', error: { code: 'E_PAYLOAD_UNREADABLE' } })
  expect(nothing).toMatchObject({
    file: 'nothing.json',
    error: { code: 'E_PAYLOAD_NO_ALERT', hint: expect.stringMatching(/title/) },
  })
  expect(lines.join()).not.toContain('sesame-4711')
})

it('reads as the monitor that is named', async () => {
  const { code, lines } = await parse('--monitor', 'alertmanager', 'alert.json')
  expect(code).toBe(0)
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ error: { code: 'E_PAYLOAD_UNREADABLE' } })
})

it('fails for a file that is not there, and says so on its line', async () => {
  const { code, lines } = await parse('alert.json', 'missing.json')
  expect(code).toBe(1)
  expect(lines).toHaveLength(2)
  expect(JSON.parse(lines[1] ?? '{}')).toMatchObject({ file: 'missing.json', error: { code: 'E_PAYLOAD_UNREADABLE' } })
})

it('reads what is no alert, and what is no JSON, as the product does', async () => {
  await writeFile(
    join(folder, 'deploy.json'),
    '{"event": "deploy", "ref": "v42", "by": "ada", "title": "New load of orders"}',
  )
  await writeFile(join(folder, 'form.txt'), `payload=${encodeURIComponent('{"title": "Load of orders failed"}')}`)
  const { lines } = await parse('deploy.json', 'form.txt')
  const [deploy, form] = lines.map((line) => JSON.parse(line))
  expect(deploy).toMatchObject({ monitor: 'change', alerts: [], changes: [{ what: 'deploy', ref: 'v42' }] })
  expect(form).toMatchObject({ alerts: [{ title: 'Load of orders failed' }] })
})

it('says what to do about a wrong option', async () => {
  for (const [args, said] of [
    [['--monitor', 'nobody'], /Known are: .*airflow/],
    [['--headers', join(folder, 'none.json')], /headers file .* cannot be opened/],
    [['--headers', 'broken.json'], /headers file must hold/],
    [['--config', join(folder, 'none')], /There is no folder/],
  ] as const) {
    const { code, errors } = await parse(...args, 'alert.json')
    expect(code).toBe(2)
    expect(errors).toMatch(said)
    expect(errors).not.toMatch(/ENOENT/)
  }
})

it('explains itself', async () => {
  expect(await parse('--help')).toMatchObject({ code: 0, errors: '' })
  for (const args of [[], ['--wrong'], ['--monitor', 'nobody', 'alert.json']]) {
    const { code, errors } = await parse(...args)
    expect(code).toBe(2)
    expect(errors).toContain('--monitor NAME')
  }
})
