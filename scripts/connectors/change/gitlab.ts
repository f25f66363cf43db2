import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { requestJson } from '../../lib/http.ts'
import type { ConnectorContext, Health } from '../connector.ts'
import { type Commit, filesAbout, unlessRefused } from './commit.ts'

/** What `config/systems.yaml` says of a project on GitLab. Its credential is `token`, with the scope read_api. */
export const GitlabOptions = z.strictObject({
  /** `group/project`, or its number. */
  project: z.string().min(1).max(300),
  /** Without `/api/v4`; default https://gitlab.com. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  branch: z.string().min(1).max(200).optional(),
})

/** Of so many commits the files are asked for, one call each. */
const mostCommits = 12

const Listed = z.array(
  z.object({ id: z.string(), title: z.string(), author_name: z.string(), committed_date: z.string() }),
)
const Differences = z.array(z.object({ new_path: z.string() }))
const Requests = z.array(z.object({ iid: z.int(), state: z.string() }))

/** https://docs.gitlab.com/api/commits/ */
export async function gitlabCommits(
  system: System,
  { since, stems }: { since: Date; stems: readonly string[] },
  signal: AbortSignal,
): Promise<Commit[]> {
  const { branch } = GitlabOptions.parse(system.options)
  const query = new URLSearchParams({
    since: since.toISOString(),
    per_page: String(mostCommits),
    ...(branch ? { ref_name: branch } : {}),
  })
  const listed = await ask(system, `/repository/commits?${query}`, Listed, signal)
  const found = await Promise.all(
    listed.slice(0, mostCommits).map(async ({ id, title, author_name: by, committed_date: date }) => {
      const path = `/repository/commits/${encodeURIComponent(id)}`
      const files = (await ask(system, `${path}/diff`, Differences, signal)).map(({ new_path: file }) => file)
      const about = filesAbout(files, stems)
      if (about.length === 0) return []
      const requests = await unlessRefused(ask(system, `${path}/merge_requests`, Requests, signal))
      const merged = requests?.find(({ state }) => state === 'merged')
      return [
        { ref: id, by, at: new Date(date), subject: title, files: about, request: merged ? `!${merged.iid}` : null },
      ]
    }),
  )
  return found.flat()
}

export async function checkGitlab({ system, signal }: ConnectorContext): Promise<Health> {
  const Project = z.object({ default_branch: z.string().nullish() })
  const { default_branch: branch } = await ask(system, '', Project, signal)
  const version = branch ?? null
  const commits = await unlessRefused(ask(system, '/repository/commits?per_page=1', Listed, signal))
  if (commits === null) return { version, missingRights: ['commits (read_api, and the role Reporter)'] }
  const [last] = commits
  if (!last) return { version, missingRights: [] }
  const path = `/repository/commits/${encodeURIComponent(last.id)}/merge_requests`
  const requests = await unlessRefused(ask(system, path, Requests, signal))
  return { version, missingRights: requests ? [] : ['which request brought a commit (read_api)'] }
}

function ask<T>(system: System, path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const { project, url = 'https://gitlab.com' } = GitlabOptions.parse(system.options)
  const { token } = system.credentials
  return requestJson(`${url.replace(/\/+$/, '')}/api/v4/projects/${encodeURIComponent(project)}${path}`, {
    system: 'GitLab',
    signal,
    retries: 1,
    ...(token ? { headers: { 'private-token': token } } : {}),
    schema,
  })
}
