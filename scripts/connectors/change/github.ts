import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { requestJson } from '../../lib/http.ts'
import type { ConnectorContext, Health } from '../connector.ts'
import { filesAbout, requestIn, unlessRefused } from './commit.ts'
import { type Nearest, nearestCommits, pageQuery, type Wanted } from './newest.ts'

/** What `config/systems.yaml` says of a repository on GitHub. Its credential is `token`; a public one needs none. */
export const GithubOptions = z.strictObject({
  repository: z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, 'must read owner/name'),
  /** The API of GitHub Enterprise; default https://api.github.com. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  branch: z.string().min(1).max(200).optional(),
})

const Listed = z.array(
  z.object({
    sha: z.string(),
    commit: z.object({
      message: z.string(),
      author: z.object({ name: z.string() }).nullish(),
      committer: z.object({ date: z.string() }).nullish(),
    }),
  }),
)
const Detail = z.object({ files: z.array(z.object({ filename: z.string() })).nullish() })
const Pulls = z.array(z.object({ number: z.int(), merged_at: z.string().nullish() }))

/** https://docs.github.com/rest/commits/commits */
export function githubCommits(system: System, wanted: Wanted, signal: AbortSignal): Promise<Nearest> {
  const { branch } = GithubOptions.parse(system.options)
  const told = async ({ sha, commit }: z.infer<typeof Listed>[number], files: string[]) => {
    const subject = commit.message.split('\n')[0] ?? ''
    const at = new Date(commit.committer?.date ?? 0)
    const request = requestIn(subject) ?? (await pullOf(system, sha, signal))
    return { ref: sha, by: commit.author?.name ?? 'somebody', at, subject, files, request }
  }
  return nearestCommits(
    {
      page(number, path) {
        const query = pageQuery(wanted, number, path)
        if (branch) query.set('sha', branch)
        return ask(system, `/commits?${query}`, Listed, signal)
      },
      async read(one) {
        const { files } = await ask(system, `/commits/${encodeURIComponent(one.sha)}`, Detail, signal)
        const touched = (files ?? []).map(({ filename }) => filename)
        const about = filesAbout(touched, wanted.stems)
        return about.length === 0 ? null : told(one, about)
      },
      touching: (one, path) => told(one, [path]),
    },
    wanted,
  )
}

/** Which request brought a commit is worth less than the commit. */
async function pullOf(system: System, sha: string, signal: AbortSignal): Promise<string | null> {
  const pulls = (await unlessRefused(ask(system, `/commits/${encodeURIComponent(sha)}/pulls`, Pulls, signal))) ?? []
  const merged = pulls.find(({ merged_at: at }) => at != null)
  return merged ? `#${merged.number}` : null
}

export async function checkGithub({ system, signal }: ConnectorContext): Promise<Health> {
  const Repository = z.object({ default_branch: z.string() })
  const { default_branch: branch } = await ask(system, '', Repository, signal)
  const commits = await unlessRefused(ask(system, '/commits?per_page=1', Listed, signal))
  if (commits === null) return { version: branch, missingRights: ['commits (Contents: read)'] }
  const [last] = commits
  if (!last) return { version: branch, missingRights: [] }
  const pulls = await unlessRefused(ask(system, `/commits/${encodeURIComponent(last.sha)}/pulls`, Pulls, signal))
  return { version: branch, missingRights: pulls ? [] : ['which request brought a commit (Pull requests: read)'] }
}

function ask<T>(system: System, path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const { repository, url = 'https://api.github.com' } = GithubOptions.parse(system.options)
  const { token } = system.credentials
  return requestJson(`${url.replace(/\/+$/, '')}/repos/${repository}${path}`, {
    system: 'GitHub',
    signal,
    retries: 1,
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'data-incident-manager',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    schema,
  })
}
