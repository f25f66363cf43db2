import { afterEach, describe, expect, it, vi } from 'vitest'
import { runTask, type TaskContext } from './kestra.ts'

const context = JSON.stringify({ tenant: 'test', execution: 'e1', original: 'e1', flows: '1' })

describe('what a flow hands over', () => {
  afterEach(() => {
    process.exitCode = 0
    vi.restoreAllMocks()
  })

  async function read(given: string | undefined, ask: (input: TaskContext<never>['input']) => string) {
    vi.spyOn(console, 'log').mockImplementation(() => {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
    let seen: string | null = null
    const environment = { DIM_CONTEXT: context, ...(given === undefined ? {} : { DIM_KEY: given }) }
    const run = async ({ input }: TaskContext<never>) => {
      seen = ask(input)
      return {}
    }
    await runTask({ settings: [], run }, environment)
    return seen
  }

  it.each([
    ['what it says', ' current ', 'current'],
    ['what stands for it, be that nothing, where it is empty', '', ''],
    ['what stands for it, be that nothing, where it is not there', undefined, ''],
  ])('is %s', async (_, given, expected) => {
    expect(await read(given, (input) => input('KEY', ''))).toBe(expected)
    expect(process.exitCode).not.toBe(1)
  })

  it.each(['', '  ', undefined])('is asked for where nothing stands for it: %j', async (given) => {
    expect(await read(given, (input) => input('KEY'))).toBeNull()
    expect(process.exitCode).toBe(1)
  })
})
