import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { requestJson } from '../../lib/http.ts'
import type { ConnectorContext, Health } from '../connector.ts'
import { filesAbout, unlessRefused } from './commit.ts'
import { type Nearest, nearestCommits, pageQuery, type Wanted } from './newest.ts'

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

const Listed = z.array(
  z.object({ id: z.string(), title: z.string(), author_name: z.string(), committed_date: z.string() }),
)
const Differences = z.array(z.object({ new_path: z.string() }))
const Requests = z.array(z.object({ iid: z.int(), state: z.string() }))

/** https://docs.gitlab.com/api/commits/ */
export function gitlabCommits(system: System, wanted: Wanted, signal: AbortSignal): Promise<Nearest> {
  const { branch } = GitlabOptions.parse(system.options)
  const pathOf = (id: string) => `/repository/commits/${encodeURIComponent(id)}`
  const told = async (one: z.infer<typeof Listed>[number], files: string[]) => {
    const { id, title, author_name: by, committed_date: date } = one
    const requests = await unlessRefused(ask(system, `${pathOf(id)}/merge_requests`, Requests, signal))
    const merged = requests?.find(({ state }) => state === 'merged')
    return { ref: id, by, at: new Date(date), subject: title, files, request: merged ? `!${merged.iid}` : null }
  }
  return nearestCommits(
    {
      page(number, path) {
        const query = pageQuery(wanted, number, path)
        if (branch) query.set('ref_name', branch)
        return ask(system, `/repository/commits?${query}`, Listed, signal)
      },
      async read(one) {
        const files = await ask(system, `${pathOf(one.id)}/diff`, Differences, signal)
        const about = filesAbout(
          files.map(({ new_path: file }) => file),
          wanted.stems,
        )
        return about.length === 0 ? null : told(one, about)
      },
      touching: (one, path) => told(one, [path]),
    },
    wanted,
  )
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
