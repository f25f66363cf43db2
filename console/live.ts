import type { Store } from '../scripts/store/connection.ts'
import { pulse } from '../scripts/store/overview.ts'
import { log } from './log.ts'

const everyMs = 250

/**
 * Tells all who look at a tenant that something changed. One small question a tenant four times a second, however many
 * people look, and none while nobody does.
 */
export class Heartbeat {
  readonly #store: Store
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #last: string | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** @returns what ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (!this.#timer) this.#plan(0)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#last = undefined
    }
  }

  #plan(inMs: number): void {
    this.#timer = setTimeout(() => void this.#beat(), inMs)
    this.#timer.unref()
  }

  async #beat(): Promise<void> {
    let pause = everyMs
    try {
      const now = await pulse(this.#store)
      const isNew = this.#last !== undefined && now !== this.#last
      this.#last = now
      if (isNew) for (const listener of this.#listeners) listener()
    } catch {
      log(`the store of ${this.#store.tenant} did not answer; live updates wait`)
      pause = 5000
    }
    if (this.#listeners.size > 0) this.#plan(pause)
    else this.#timer = undefined
  }
}
