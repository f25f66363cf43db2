import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type AirflowStandIn, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { ended, run } from '../../../tests/stand-ins/airflow-state.ts'
import { instanceOf, systemsOf } from '../../../tests/support/systems.ts'
import { ofKind } from '../../domain/evidence.ts'
import { airflow } from '../airflow.ts'
import { gatherEvidence } from '../gathering/gather.ts'

let server: AirflowStandIn
afterEach(() => server.close())

const now = new Date('2026-11-20T08:00:00Z')
const start = new Date('2026-11-20T06:00:00Z')
const asset = { kind: 'dag' as const, name: 'load', native: { dag_id: 'Load' } }
const line = (event: string, level = 'info') => Buffer.from(`${JSON.stringify({ event, level })}\n`)

/** Lines of a task that says the same over and over, this many bytes of them, and why it ended. */
async function* lines(bytes: number, pause = async () => {}): AsyncGenerator<Uint8Array> {
  yield line('connection reset by peer, once more', 'error')
  const block = Buffer.concat(Array.from({ length: 5_000 }, () => line(`row ${'x'.repeat(180)}`)))
  for (let sent = 0; sent < bytes; sent += block.byteLength) {
    yield block
    await pause()
  }
  yield line('ValueError: no such column, password=hunter2hunter2', 'error')
}

async function gather(longLog: () => AsyncIterable<Uint8Array>) {
  const task = { ...ended('copy', 'failed', start, 30), longLog }
  const recovery = { ends: 'success' as const, looks: 1, ms: 0 }
  server = await startAirflow({
    dags: [{ dag_id: 'Load', is_paused: false, runs: [run('r1', start, [task])], recovery }],
  })
  const question = { asset, category: 'pipeline_failure' as const, environment: null, alerts: [], now }
  const systems = systemsOf(instanceOf(airflow, server.settings))
  return (await gatherEvidence(question, { systems, from: [airflow], perSystemMs: 10_000 })).evidence
}

test('of a long log the end is told, and how much of it that is', async () => {
  const [failure] = ofKind(await gather(() => lines(1_000_000)), 'task_failure')
  expect(failure?.data.log_excerpt).toMatch(/ERROR ValueError: no such column, password=\[redacted\]$/)
  expect(failure?.data.log_excerpt).not.toContain('connection reset')
  expect(failure?.data).toMatchObject({ log_cut: 'of 1 MiB the last 256 KiB were read' })
})

test('of a gigabyte, told as slowly as Airflow tells it, the start: no excerpt, and the rest of the answer is there', async () => {
  let isLeft = false
  const longLog = async function* () {
    try {
      yield* lines(1_000_000_000, () => delay(140))
    } finally {
      isLeft = true
    }
  }
  const evidence = await gather(longLog)
  expect(evidence.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['dag_run', 'task_history', 'dag_state']))
  expect(ofKind(evidence, 'unavailable')).toEqual([])
  const [failure] = ofKind(evidence, 'task_failure')
  expect(failure?.data).toMatchObject({ log_excerpt: null, log_start: expect.stringContaining('row xxx') })
  expect(failure?.data.log_problem).toMatch(/^only the first \d+ MiB of it came within 2 s$/)
  expect(failure?.summary).toMatch(/the end of its log is not known: only the first \d+ MiB of it came within 2 s\.$/)
  // What is not read is not sent either.
  await expect.poll(() => isLeft).toBe(true)
})

test('that nothing of a log could be read is told: one line, longer than what is looked at', async () => {
  const longLog = async function* () {
    yield line('x'.repeat(400_000))
  }
  const [failure] = ofKind(await gather(longLog), 'task_failure')
  expect(failure?.data).toMatchObject({ log_excerpt: null, log_problem: 'nothing in its 391 KiB could be read' })
})
