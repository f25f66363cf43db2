import { execFile } from 'node:child_process'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decideOn, exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { openStore, type Store } from '../store/connection.ts'
import { feedbackOf } from '../store/feedback.ts'
import { loadIncident } from '../store/incidents.ts'

const home = join(import.meta.dirname, '../..')
const { database } = useTestStore()
let store: Store
beforeAll(() => {
  store = openStore(database().appUrl, 'incident_management')
})
afterAll(() => store.close())

/** A command as it is run, its exit code and what it says. */
function run(command: string, ...options: string[]): Promise<{ code: number; said: string }> {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: database().appUrl,
    DIM_CONFIG_DIR: join(home, 'config'),
  }
  const script = join(home, 'scripts/cli', `${command}.ts`)
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...options], { cwd: home, env }, (failure, out, err) => {
      resolve({ code: typeof failure?.code === 'number' ? failure.code : failure ? -1 : 0, said: `${out}${err}` })
    })
  })
}

async function decided(name: string, changes: Parameters<typeof decideOn>[2] = {}): Promise<string> {
  const asset = { kind: 'service' as const, name, system: null }
  const { incident } = await receive(store, exampleAlert({ fingerprint: `fp_${name}`, title: `${name} failed`, asset }))
  await decideOn(store, incident ?? expect.fail(), changes)
  return incident ?? expect.fail()
}
const quiet = { recommended_action: 'dismiss', is_incident: false, rule: 'recovered' } as const

it('feedback keeps what is said, by whom, and opens what was real again', async () => {
  const told = await decided('orders')
  const who = userInfo().username
  expect(await run('feedback', told, 'wrong', '--should-be', 'the vendor', '--why', 'seen in the log')).toMatchObject({
    code: 0,
    said: expect.stringContaining(`Kept: ${who} says “wrong” of ${told}`),
  })
  expect(await feedbackOf(store, told)).toMatchObject([
    { verdict: 'wrong_cause', should_be: 'the vendor', note: 'seen in the log', who },
  ])
  const [dismissed, other] = [await decided('users', quiet), await decided('carts', quiet)]
  const { code, said } = await run('feedback', dismissed, 'real')
  expect(code).toBe(0)
  expect(said).toContain(`${dismissed} is open again: its people are told`)
  expect(said).toMatch(new RegExp(`Kept quiet for the same reason since \\(1\\):[\\s\\S]*${other}`))
  expect((await loadIncident(store, dismissed)).incident).toMatchObject({ state: 'open', revision: 2 })
})

it.each([
  ['feedback', ['INC-NOT-THERE', 'right'], 1, 'E_INCIDENT_UNKNOWN'],
  ['feedback', ['INC-1', 'perhaps'], 1, 'Say one of: right, wrong, noise, real'],
  ['feedback', ['INC-1', 'wrong'], 1, '--should-be'],
  ['feedback', [], 2, 'Usage: npm run feedback'],
  ['feedback', ['--help'], 0, 'Usage: npm run feedback'],
  ['replay', [], 1, '--since'],
  ['replay', ['--since', 'yesterday'], 1, 'is no date'],
  ['replay', ['--since', '2020-01-01', '--analyzer', 'gemini'], 1, 'No model is set up'],
  ['replay', ['--since', '2019-01-01', '--until', '2020-01-01'], 1, '0 decided again'],
  ['readiness', ['--days', 'many'], 1, 'no number of days'],
  ['readiness', ['--source', 'nobody'], 1, 'Nothing was decided for nobody'],
])('%s %j ends with %i and says what to do', async (command, options, code, says) => {
  const found = await run(command, ...options)
  expect(found).toEqual({ code, said: expect.stringContaining(says) })
})

it('readiness and replay show what was decided', async () => {
  const id = await decided('views')
  const ready = await run('readiness')
  expect(ready).toMatchObject({
    code: 0,
    said: expect.stringMatching(/alertmanager +notify.*not yet: .* of 20 judged/),
  })
  expect((await run('readiness', '--source', 'alertmanager')).code).toBe(1)
  const replayed = await run('replay', '--since', '2020-01-01', '--all')
  expect(replayed.said).toContain(id)
  expect(replayed.said).toMatch(/\d+ decided again: /)
})
