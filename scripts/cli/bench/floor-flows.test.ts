import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { readFlows } from '../../lib/flow-files.ts'
import { floorFlow } from './floor-flows.ts'

const flows = await readFlows(join(import.meta.dirname, '..', '..', '..', 'flows'), 'bench_floor')

/** Every command of a flow, wherever it stands. */
function commandsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(commandsOf)
  if (typeof value !== 'object' || value === null) return []
  const own = z.object({ commands: z.array(z.string()) }).safeParse(value)
  return [...(own.success ? own.data.commands : []), ...Object.values(value).flatMap(commandsOf)]
}

function withoutCommands(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item) => (key === 'commands' ? null : item)))
}

describe('floorFlow', () => {
  it.each(flows)('keeps $id as it is, its scripts aside', ({ source }) => {
    const floor: unknown = parse(floorFlow(source, 'notified'))
    expect(commandsOf(floor)).toHaveLength(commandsOf(parse(source)).length)
    expect(commandsOf(floor).every((command) => command.startsWith('node -e 0'))).toBe(true)
    expect(withoutCommands(floor)).toEqual(withoutCommands(parse(source)))
  })

  it.each([
    ['notified', 'notify'],
    ['dismissed', 'none'],
  ] as const)('sends what ends %s on to %s', (ending, next) => {
    const lines = flows
      .flatMap(({ source }) => commandsOf(parse(floorFlow(source, ending))))
      .filter((command) => command.includes('severity'))
      .map((command) => execFileSync('/bin/sh', ['-c', command.replace('node -e 0', 'true')], { encoding: 'utf8' }))
    expect(lines).toHaveLength(1)
    // A line as Kestra reads it.
    const read = /^::(\{.*\})::$/m.exec(lines[0] ?? '')?.[1]
    expect(JSON.parse(read ?? 'null')).toMatchObject({ outputs: { next } })
  })
})
