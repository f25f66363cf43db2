/** What happened, in order, and a way to wait for what has not happened yet. */
export interface Journal<T> {
  readonly entries: readonly T[]
  add(entry: T): void
  /** The first entry, past or to come, that the predicate accepts. Rejects when none comes within the guard time. */
  waitFor(accepts: (entry: T) => boolean, guardMs?: number): Promise<T>
  clear(): void
}

/** `describe` names an entry in the error of a wait that was in vain. */
export function openJournal<T>(describe: (entry: T) => string): Journal<T> {
  const entries: T[] = []
  const waiting = new Set<(entry: T) => void>()
  return {
    entries,
    add(entry) {
      entries.push(entry)
      for (const look of [...waiting]) look(entry)
    },
    waitFor(accepts, guardMs = 30_000) {
      const past = entries.find(accepts)
      if (past) return Promise.resolve(past)
      return new Promise((resolve, reject) => {
        const guard = setTimeout(() => {
          waiting.delete(look)
          const seen = entries.map(describe).join('\n  ')
          reject(new Error(`Not seen within ${guardMs} ms. What was seen:\n  ${seen || 'nothing'}`))
        }, guardMs)
        function look(entry: T) {
          if (!accepts(entry)) return
          clearTimeout(guard)
          waiting.delete(look)
          resolve(entry)
        }
        waiting.add(look)
      })
    },
    clear() {
      entries.length = 0
    },
  }
}
