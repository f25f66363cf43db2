import { describe, expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

describe('the rate limit', () => {
  it('lets so many through, and more as time passes', () => {
    const limit = new RateLimit(2, 1000)
    expect([limit.take('a', 0), limit.take('a', 100), limit.take('a', 200)]).toEqual([0, 0, 800])
    expect(limit.take('b', 200)).toBe(0)
    expect(limit.take('a', 1001)).toBe(0)
  })

  it('forgets whoever got in', () => {
    const limit = new RateLimit(1, 1000)
    limit.take('a', 0)
    limit.forget('a')
    expect(limit.take('a', 1)).toBe(0)
  })

  it('keeps the busiest key while others come in their thousands', () => {
    const limit = new RateLimit(1, 1_000_000)
    for (let index = 0; index < 9000; index += 1) limit.take(`key ${index}`, 0)
    limit.take('a', 1)
    for (let index = 0; index < 9000; index += 1) limit.take(`other ${index}`, 2)
    expect(limit.take('a', 3)).toBeGreaterThan(0)
  })
})
