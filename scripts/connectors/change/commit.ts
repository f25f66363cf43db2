import { literally } from '../../domain/text.ts'
import { hasStatus } from '../../lib/http.ts'

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

/**
 * Whether a path is about one of the names: its own name, or a folder on the way to it, holds one as whole words
 * (`orders` in `stg_orders.sql` and `StgOrders.sql`, not in `reorders.sql`).
 */
export function isAbout(path: string, stems: readonly string[]): boolean {
  const spelled = [path, path.replace(/(\p{Ll})(\p{Lu})/gu, '$1_$2')].map((one) => one.toLowerCase())
  return stems.some((stem) => {
    const word = new RegExp(`(?<!${letter})${literally(stem)}(?!${letter})`, 'u')
    return spelled.some((one) => word.test(one))
  })
}

/** `_`, `-`, dots and slashes stand between words. */
const letter = String.raw`[\p{L}\p{N}]`

/** The files about one of the names, those first that are named exactly so. */
export function filesAbout(files: readonly string[], stems: readonly string[]): string[] {
  const isExact = (file: string) => stems.includes(stemOf(file))
  return files.filter((file) => isAbout(file, stems)).toSorted((a, b) => Number(isExact(b)) - Number(isExact(a)))
}

function stemOf(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1).toLowerCase()
  return name.replace(/\.[^.]*$/, '')
}

/** Null for what the token may not see; some hosts call that missing. */
export async function unlessRefused<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (thrown) {
    if (hasStatus(thrown, 403) || hasStatus(thrown, 404)) return null
    throw thrown
  }
}

/** The request that a subject tells of, as hosts write it when they merge. */
export function requestIn(subject: string): string | null {
  return /^Merge pull request (#\d{1,9})\b/.exec(subject)?.[1] ?? /\((#\d{1,9})\)\s*$/.exec(subject)?.[1] ?? null
}
