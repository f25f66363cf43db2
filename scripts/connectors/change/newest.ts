import type { Commit } from './commit.ts'

/** Which commits are wanted: of this time, about files that are named like this, or that are known. */
export interface Wanted {
  since: Date
  until: Date
  stems: readonly string[]
  /** Where the files are, as far as that is known. */
  paths: readonly string[]
}

/** The commits nearest before the trouble, and whether there were more of that time than were looked through. */
export interface Nearest {
  commits: Commit[]
  looked: number
  isCut: boolean
}

/** A host that lists commits without their files, newest first. */
export interface Listing<T> {
  /** A page of `pageSize`, counted from 1; with a path only those that touch it. */
  page(number: number, path: string | null): Promise<T[]>
  /** With its files; null where none of them is about it. One call or two. */
  read(one: T): Promise<Commit | null>
  /** One that is known to touch a file. */
  touching(one: T, path: string): Promise<Commit>
}

export const mostChanges = 5
const pageSize = 100
const mostPages = 3

/** What both hosts call alike in a question for a page of commits; each has its own word for the branch. */
export function pageQuery({ since, until }: Wanted, number: number, path: string | null): URLSearchParams {
  return new URLSearchParams({
    since: since.toISOString(),
    until: until.toISOString(),
    per_page: String(pageSize),
    page: String(number),
    ...(path ? { path } : {}),
  })
}

/** Each costs a call, and hosts count them. */
const mostRead = 40
const atOnce = 10
const mostPaths = 3

/** Where the file is known, its own history; else the newest commits are read one by one until enough are found. */
export async function nearestCommits<T>(host: Listing<T>, { paths }: Pick<Wanted, 'paths'>): Promise<Nearest> {
  const known = await Promise.all(
    paths.slice(0, mostPaths).map(async (path) => {
      const some = (await host.page(1, path)).slice(0, mostChanges)
      return Promise.all(some.map((one) => host.touching(one, path)))
    }),
  )
  const touching = known.flat()
  // A path counts from the root of its project, which need not be that of the repository.
  if (touching.length > 0) return { commits: touching, looked: touching.length, isCut: false }
  return readInTurn(host)
}

async function readInTurn<T>(host: Listing<T>): Promise<Nearest> {
  const commits: Commit[] = []
  let looked = 0
  for (let number = 1; number <= mostPages; number += 1) {
    const page = await host.page(number, null)
    for (let at = 0; at < page.length; at += atOnce) {
      if (commits.length >= mostChanges) return { commits, looked, isCut: false }
      if (looked >= mostRead) return { commits, looked, isCut: true }
      const some = page.slice(at, at + atOnce)
      looked += some.length
      commits.push(...(await Promise.all(some.map((one) => host.read(one)))).filter((one) => one !== null))
    }
    if (page.length < pageSize) return { commits, looked, isCut: false }
  }
  return { commits, looked, isCut: true }
}
