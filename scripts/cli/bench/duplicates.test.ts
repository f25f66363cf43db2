import { describe, expect, it } from 'vitest'
import { faultsOf } from './duplicates.ts'

const right = { alerts: 200, incidents: 1, decisions: 1, analyses: 1, messages: 1, unfinished: 0 }

describe('faultsOf', () => {
  it('finds nothing when one alert led to one of each', () => {
    expect(faultsOf(200, right)).toEqual([])
  })

  it.each([
    ['alerts', 199],
    ['incidents', 2],
    ['decisions', 0],
    ['analyses', 2],
    ['messages', 2],
    ['unfinished', 1],
  ])('names %s when it is %i', (name, count) => {
    const faults = faultsOf(200, { ...right, [name]: count })
    expect(faults).toEqual([expect.stringContaining(`${name} is ${count}, not`)])
  })
})
