/** One commit, wherever it was read. */
export interface Commit {
  ref: string
  by: string
  at: Date
  subject: string
  files: string[]
  /** The pull or merge request that brought it (`#12`, `!7`). */
  request: string | null
}

/** Whether a path is about one of the names: its own name, or a folder on the way to it, holds one. */
export function isAbout(path: string, stems: readonly string[]): boolean {
  const lower = path.toLowerCase()
  return stems.some((stem) => lower.includes(stem))
}

/** The request that a subject tells of, as hosts write it when they merge. */
export function requestIn(subject: string): string | null {
  return /^Merge pull request (#\d{1,9})\b/.exec(subject)?.[1] ?? /\((#\d{1,9})\)\s*$/.exec(subject)?.[1] ?? null
}
