import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { channelSettings, evidenceSettings, isSettingName, settings, snowflakeSettings } from '../scripts/lib/config.ts'
import { readFlows } from '../scripts/lib/flow-files.ts'
import { servedFlows } from '../scripts/lib/kestra.ts'

const home = join(import.meta.dirname, '..')
const flows = await readFlows(join(home, 'flows'), 'incident_management')

const Task: z.ZodType<Task> = z.lazy(() =>
  z.looseObject({
    id: z.string(),
    type: z.string(),
    description: z.string().optional(),
    timeout: z.string().optional(),
    commands: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional(),
    tasks: z.array(Task).optional(),
    cases: z.record(z.string(), z.array(Task)).optional(),
  }),
)
interface Task {
  id: string
  type: string
  description?: string | undefined
  timeout?: string | undefined
  commands?: string[] | undefined
  env?: Record<string, string> | undefined
  tasks?: Task[] | undefined
  cases?: Record<string, Task[]> | undefined
}
const Flow = z.looseObject({
  id: z.string(),
  namespace: z.string(),
  description: z.string(),
  inputs: z.array(z.looseObject({ id: z.string(), description: z.string() })).optional(),
  variables: z.record(z.string(), z.string()),
  tasks: z.array(Task),
  errors: z.array(Task),
  triggers: z.array(z.looseObject({ id: z.string(), description: z.string() })).optional(),
})

/** The order in which a reader expects a flow's keys. */
const keyOrder = [
  'id',
  'namespace',
  'description',
  'labels',
  'inputs',
  'variables',
  'concurrency',
  'sla',
  'tasks',
  'outputs',
  'errors',
  'triggers',
]

function all(tasks: readonly Task[]): Task[] {
  return tasks.flatMap((task) => [task, ...all(task.tasks ?? []), ...Object.values(task.cases ?? {}).flatMap(all)])
}

describe.each(flows)('flow $path', ({ id, source }) => {
  const document: unknown = parse(source)
  const flow = Flow.parse(document)
  const tasks = all([...flow.tasks, ...flow.errors])

  it('is named as its file and keeps the order of keys', () => {
    expect(flow.id).toBe(id)
    const keys = Object.keys(z.record(z.string(), z.unknown()).parse(document))
    expect(keys).toEqual(keyOrder.filter((key) => keys.includes(key)))
  })

  it('describes and limits every task', () => {
    expect(tasks.filter(({ description }) => !description).map((task) => task.id)).toEqual([])
    expect(tasks.filter(({ timeout }) => !timeout).map((task) => task.id)).toEqual([])
    expect(new Set(tasks.map((task) => task.id)).size).toBe(tasks.length)
  })

  it('first tells by core tasks when it fails, then keeps a dead letter', () => {
    expect(flow.errors.map((task) => task.id)).toEqual(['log_failure', 'tell_fallback', 'dead_letter'])
  })

  it('uses only secrets and settings that the table knows, and names the secrets in its description', () => {
    const secrets = [...source.matchAll(/secret\('([^']*)'\)/g)].map((match) => match[1] ?? '')
    const variables = [...source.matchAll(/envs\.([a-z_]+)/g)].map((match) => (match[1] ?? '').toUpperCase())
    for (const name of secrets) expect(isSettingName(name) && settings[name].kind, name).toBe('secret')
    for (const name of variables.filter((name) => name !== 'DIM_HOME')) {
      expect(isSettingName(name) && settings[name].kind, name).toBe('setting')
    }
    for (const name of new Set(secrets)) expect(flow.description).toContain(name)
    expect(source.match(/secret\((?!')/)).toBeNull()
  })

  it('hands each task just the settings that it declares', () => {
    for (const task of tasks) {
      const name = task.commands?.[0]?.match(/dist\/tasks\/(\w+)\.cjs$/)?.[1]
      if (!name) continue
      const code = readFileSync(join(home, 'scripts', 'tasks', `${name}.ts`), 'utf8')
      const list = code.match(/settings: \[([^\]]*)\]/)?.[1] ?? ''
      const named = [...list.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1])
      const lists = { channelSettings, evidenceSettings, snowflakeSettings }
      const spread = Object.entries(lists).flatMap(([name, some]) => (list.includes(`...${name}`) ? some : []))
      const declared = [...named, ...spread]
      const given = Object.keys(task.env ?? {}).filter((key) => isSettingName(key))
      expect(given.sort(), `${id}.${task.id}`).toEqual(declared.sort())
    }
  })

  it('hands what changes something to the flow of fixes alone', () => {
    expect(source.match(/[A-Z_]*_WRITE_[A-Z_]+/g) !== null).toBe(id === 'auto_remediate')
  })

  it('never pastes data into a command', () => {
    for (const task of tasks) {
      for (const command of task.commands ?? []) {
        expect(command).toMatch(/^node \{\{ envs\.dim_home \}\}\/dist\/tasks\/\w+\.cjs$/)
      }
    }
  })

  it('keeps to what both Kestra 1.3 and 2.0 know', () => {
    expect(source).not.toMatch(
      /pluginDefaults|ForEach|conditions:|BOOLEAN|executionContext|fetchType|\bjson\(|\| *json\b/,
    )
  })

  it('is of the generation that the tasks serve', () => {
    expect(servedFlows).toContain(flow.variables.flows)
  })
})

describe('the clock', () => {
  it('purges the executions of each flow by its id: a namespace alone would mean those of tenants below it too', () => {
    const purges = z
      .array(z.looseObject({ type: z.string(), namespace: z.string().optional(), flowId: z.string().optional() }))
      .parse(all(Flow.parse(parse(flows.find(({ id }) => id === 'clock')?.source ?? '')).tasks))
      .filter(({ type }) => type.endsWith('.PurgeExecutions'))
    expect([...new Set(purges.map(({ flowId }) => flowId))].sort()).toEqual(flows.map(({ id }) => id).sort())
    expect(new Set(purges.map(({ namespace }) => namespace))).toEqual(new Set(['{{ flow.namespace }}']))
  })
})
