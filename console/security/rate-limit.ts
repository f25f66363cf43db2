/** Lets `limit` tries a key through in `windowMs`. Kept in memory: a restart forgets, which nobody outside can cause. */
export class RateLimit {
  readonly #limit: number
  readonly #windowMs: number
  readonly #tries = new Map<string, number[]>()

  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#windowMs = windowMs
  }

  /** Counts a try. Answers in how many milliseconds the next one is let through; 0: this one is. */
  take(key: string, now = Date.now()): number {
    const recent = (this.#tries.get(key) ?? []).filter((time) => time > now - this.#windowMs)
    if (recent.length >= this.#limit) {
      this.#tries.set(key, recent)
      return (recent[0] ?? now) + this.#windowMs - now
    }
    recent.push(now)
    this.#tries.delete(key)
    this.#tries.set(key, recent)
    // Whoever sends ever new keys must not fill the memory: the keys that were silent longest go first.
    if (this.#tries.size > 10_000) this.#tries.delete(this.#tries.keys().next().value ?? '')
    return 0
  }

  /** Forgets a key: whoever got in starts afresh. */
  forget(key: string): void {
    this.#tries.delete(key)
  }
}
