import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { archiveName, type Build } from '../build.ts'
import { exists } from './files.ts'
import { launch } from './launch.ts'
import { withLock } from './lock.ts'

const username = 'train@example.com'
const password = 'Train-1-only'
const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
const endLimitMs = 60_000
/** The JVM writes the archive after everything has stopped. */
const stopLimitMs = 180_000

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

/** A training run in the background. */
export interface Training {
  /** Gives up; the next start of an engine tries again. Resolves when it has ended. */
  cancel(): Promise<void>
}

/**
 * Runs the engine once more beside the real one, at the lowest priority and on a state of its own, so that the JVM can
 * write down the classes it used: later starts take a third of the time. One at a time for each build; without the
 * archive the engine only starts slower, so a failure is told to nobody.
 */
export function trainInBackground(build: Build): Training {
  const abort = new AbortController()
  const ended = train(build, abort.signal).catch(() => {})
  return {
    async cancel() {
      abort.abort()
      await ended
    },
  }
}

async function train(build: Build, signal: AbortSignal): Promise<void> {
  const work = (): Promise<void> => trainIn(join(build.folder, 'train'), build, signal)
  await withLock(join(build.folder, 'train.lock'), () => {}, work, signal)
}

async function trainIn(folder: string, build: Build, signal: AbortSignal): Promise<void> {
  const archive = join(build.folder, archiveName)
  if (await exists(archive)) return
  // A run that was killed may have left one.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { mode: 0o700 })
  try {
    const partial = join(folder, archiveName)
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
      flags: [`-XX:ArchiveClassesAtExit=${partial}`],
      background: true,
      signal,
    })
    try {
      await exercise(engine.url, signal)
    } finally {
      await engine.stop(stopLimitMs)
    }
    if ((await engine.exited) === 0) await rename(partial, archive)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function exercise(url: string, signal: AbortSignal): Promise<void> {
  await call(`${url}/api/v1/main/flows/train?delete=false`, 'application/x-yaml', flows)
  await call(`${url}/api/v1/main/executions/webhook/train/parent/train`, 'application/json', '{"title":"train"}')
  for (const end = Date.now() + endLimitMs; Date.now() < end; await delay(200, undefined, { signal })) {
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
