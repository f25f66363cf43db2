import { createHash } from 'node:crypto'
import { z } from 'zod'
import { oneLine } from './text.ts'

/** What somebody changed, as a deploy told the webhook: no alert, but what may explain the next one. */
export interface Change {
  /** Equal for the same change told twice. */
  id: string
  what: 'deploy' | 'pull_request' | 'config' | 'grant'
  ref: string | null
  by: string | null
  at: string
  environment: string | null
  /** The assets that it names, in lower case. */
  assets: string[]
  files: string[]
  summary: string
}

const instant = z.iso.datetime({ offset: true })
const names = z.array(z.string().min(1).max(512)).max(200).optional()

/** What a pipeline posts by itself: SETUP.md shows it. */
const Plain = z.object({
  event: z.enum(['deploy', 'deployment', 'pull_request', 'config', 'grant']),
  ref: z.string().max(200).optional(),
  by: z.string().max(200).optional(),
  at: instant.optional(),
  environment: z.string().max(64).optional(),
  assets: names,
  files: names,
  title: z.string().max(1000).optional(),
})

/** https://docs.github.com/webhooks/webhook-events-and-payloads#deployment_status */
const GithubDeployment = z.object({
  deployment_status: z.object({ state: z.string(), updated_at: instant.optional() }),
  deployment: z.object({ sha: z.string(), ref: z.string(), environment: z.string().nullish() }),
  repository: z.object({ full_name: z.string() }),
  sender: z.object({ login: z.string() }).optional(),
})

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#deployment-events */
const GitlabDeployment = z.object({
  object_kind: z.literal('deployment'),
  status: z.string(),
  short_sha: z.string(),
  environment: z.string().nullish(),
  commit_title: z.string().nullish(),
  project: z.object({ path_with_namespace: z.string() }),
  user: z.object({ name: z.string() }).optional(),
})

/** The changes that a body tells of; null when it is not about changes at all. A deploy under way, or failed, is none. */
export function readChanges(body: unknown, receivedAt: string): Change[] | null {
  const plain = Plain.safeParse(body)
  // Whoever says how bad it is speaks of trouble.
  if (plain.success && typeof body === 'object' && body !== null && !('severity' in body) && !('alerts' in body)) {
    const { event, ref, by, at, environment, assets = [], files = [], title } = plain.data
    const what = event === 'deployment' ? 'deploy' : event
    return [
      made(
        { what, ref, by, at: at ?? receivedAt, environment, assets, files, title: title ?? `${what} ${ref ?? ''}` },
        receivedAt,
      ),
    ]
  }
  const github = GithubDeployment.safeParse(body)
  if (github.success) {
    const { deployment, deployment_status: status, repository, sender } = github.data
    if (status.state !== 'success') return []
    const title = `${repository.full_name} ${deployment.ref}`
    const { sha: ref, environment } = deployment
    return [
      made(
        {
          what: 'deploy',
          ref,
          by: sender?.login,
          at: status.updated_at ?? receivedAt,
          environment,
          assets: [],
          files: [],
          title,
        },
        receivedAt,
      ),
    ]
  }
  const gitlab = GitlabDeployment.safeParse(body)
  if (gitlab.success) {
    const { status, short_sha: ref, environment, commit_title: subject, project, user } = gitlab.data
    if (status !== 'success') return []
    const title = `${project.path_with_namespace} ${subject ?? ''}`
    return [
      made(
        { what: 'deploy', ref, by: user?.name, at: receivedAt, environment, assets: [], files: [], title },
        receivedAt,
      ),
    ]
  }
  return null
}

interface Told {
  what: Change['what']
  ref: string | undefined
  by: string | undefined
  at: string
  environment: string | null | undefined
  assets: string[]
  files: string[]
  title: string
}

function made({ what, ref, by, at, environment, assets, files, title }: Told, receivedAt: string): Change {
  const lower = [...new Set(assets.map((name) => name.toLowerCase()))].sort()
  // A clock that runs ahead must not put a deploy after the trouble that it made.
  const when = new Date(Math.min(Date.parse(at), Date.parse(receivedAt))).toISOString()
  const parts = [what, ref ?? '', environment ?? '', title, ...lower, ref ? '' : when]
  return {
    id: createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24),
    what,
    ref: ref ? oneLine(ref, 200) : null,
    by: by ? oneLine(by, 200) : null,
    at: when,
    environment: environment ? oneLine(environment, 64) : null,
    assets: lower,
    files,
    summary: oneLine(title, 300),
  }
}
