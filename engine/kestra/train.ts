import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Build } from '../build.ts'
import { launch } from './launch.ts'

const username = 'train@example.com'
const password = 'Train-1-only'
const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
const endLimitMs = 30_000

/** Touches what a real day touches: webhook, script task, subflow, branches. */
const flows = `id: child
namespace: train
tasks:
  - id: branch
    type: io.kestra.plugin.core.flow.Switch
    value: one
    cases:
      one: [{ id: log, type: io.kestra.plugin.core.log.Log, message: one }]
---
id: parent
namespace: train
tasks:
  - id: script
    type: io.kestra.plugin.scripts.node.Commands
    taskRunner: { type: io.kestra.plugin.core.runner.Process }
    inputFiles: { body.json: "{{ trigger.body | toJson }}" }
    commands: ["cat body.json"]
  - id: child
    type: io.kestra.plugin.core.flow.Subflow
    namespace: train
    flowId: child
    wait: true
triggers:
  - { id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: train }
`

/**
 * Runs the engine once, on a state of its own, so that the JVM can write down the classes it used. When that does not
 * work the engine starts without, only slower.
 */
export async function train(build: Build, onProgress: (text: string) => void): Promise<void> {
  onProgress('Preparing fast starts of the engine (once)')
  const folder = await mkdtemp(join(tmpdir(), 'engine-train-'))
  try {
    const engine = await launch({
      build,
      state: join(folder, 'state'),
      environment: {
        ENGINE_PORT: '0',
        ENGINE_USERNAME: username,
        ENGINE_PASSWORD: password,
        ENGINE_WORKER_THREADS: '2',
      },
      logFile: join(folder, 'log'),
      flags: [`-XX:ArchiveClassesAtExit=${join(build.folder, 'engine.jsa')}`],
    })
    try {
      await exercise(engine.url)
    } finally {
      await engine.stop()
    }
  } catch (thrown) {
    await rm(join(build.folder, 'engine.jsa'), { force: true })
    onProgress(`The engine will start slower than it could: ${thrown instanceof Error ? thrown.message : thrown}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function exercise(url: string): Promise<void> {
  await call(`${url}/api/v1/main/flows/train?delete=false`, 'application/x-yaml', flows)
  await call(`${url}/api/v1/main/executions/webhook/train/parent/train`, 'application/json', '{"title":"train"}')
  for (const end = Date.now() + endLimitMs; Date.now() < end; await delay(200)) {
    const found = await call(`${url}/api/v1/main/executions/search?namespace=train&flowId=parent&state=SUCCESS`)
    if (!found.includes('"total":0')) return
  }
}

async function call(url: string, type?: string, body?: string): Promise<string> {
  const answer = await fetch(url, {
    headers: { authorization, ...(type ? { 'content-type': type } : {}) },
    ...(body === undefined ? {} : { method: 'POST', body }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 300)}`)
  return text
}
