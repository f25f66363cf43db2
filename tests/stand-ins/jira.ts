import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

export interface JiraIssueHeld {
  key: string
  fields: Record<string, unknown> & { labels: string[]; summary: string; priority?: { name: string } | undefined }
  done: boolean
  /** The id under which each comment says which message it is, and its text. */
  comments: { key: string | null; text: string }[]
  links: Map<string, string>
  openedBy: string | null
}

export interface JiraStandIn extends StandIn {
  readonly settings: Record<'JIRA_URL' | 'JIRA_USERNAME' | 'JIRA_TOKEN' | 'JIRA_PROJECT', string>
  readonly issues: JiraIssueHeld[]
  /** A project whose screens have no priority. */
  forgetPriority(): void
  /** A workflow without a step that ends an issue. */
  forgetEnd(): void
}

const log = `Basic ${Buffer.from('bot@example.com:stand-in-token').toString('base64')}`
const Node: z.ZodType = z.lazy(() =>
  z.strictObject({
    type: z.string(),
    version: z.literal(1).optional(),
    attrs: z.record(z.string(), z.unknown()).optional(),
    text: z.string().min(1).optional(),
    marks: z.array(z.object({ type: z.enum(['link', 'strong']), attrs: z.record(z.string(), z.unknown()) })).optional(),
    content: z.array(Node).optional(),
  }),
)
const Property = z.object({ key: z.string(), value: z.object({ key: z.string() }) })
const Create = z.object({
  fields: z.object({
    project: z.object({ key: z.string() }),
    issuetype: z.object({ name: z.string() }),
    summary: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^\n\r]*$/),
    description: Node,
    labels: z.array(z.string().max(255).regex(/^\S+$/)),
    priority: z.object({ name: z.enum(['Highest', 'High', 'Medium', 'Low', 'Lowest']) }).optional(),
  }),
  properties: z.array(Property).optional(),
})
const Comment = z.object({ body: Node, properties: z.array(Property).optional() })
const Search = z.object({ jql: z.string() })
const Link = z.object({
  globalId: z.string().max(255),
  object: z.object({ url: z.url(), title: z.string().min(1).max(255) }),
})

/** Jira Cloud's REST API 3, the few calls that an incident needs. https://developer.atlassian.com/cloud/jira (read 2026-11) */
export async function startJira(): Promise<JiraStandIn> {
  const issues: JiraIssueHeld[] = []
  let hasPriority = true
  let hasEnd = true

  const server = await startStandIn(({ method, path, headers, body }: Received): Answer => {
    if (headers.authorization !== log)
      return { status: 401, body: 'Client must be authenticated to access this resource.' }
    const sent = tryParseJson(body)
    if (method === 'POST' && path === '/rest/api/3/issue') return create(sent)
    if (method === 'GET' && path === '/rest/api/3/project/DATA') return { status: 200, body: { key: 'DATA' } }
    if (method === 'GET' && path.startsWith('/rest/api/3/project/'))
      return { status: 404, body: { errorMessages: ['No project could be found with this key.'], errors: {} } }
    if (method === 'POST' && path === '/rest/api/3/search/jql') return search(sent)
    const [, key, rest = ''] = /^\/rest\/api\/3\/issue\/([A-Z]+-\d+)(?:\/(\w+))?$/.exec(path) ?? []
    const issue = issues.find((one) => one.key === key)
    if (!issue)
      return {
        status: 404,
        body: { errorMessages: ['Issue does not exist or you do not have permission to see it.'], errors: {} },
      }
    return answer(issue, `${method} ${rest}`, sent)
  })

  function create(sent: unknown): Answer {
    const parsed = Create.safeParse(sent)
    if (!parsed.success)
      return { status: 400, body: { errorMessages: [], errors: { description: parsed.error.message } } }
    const { fields, properties } = parsed.data
    if (fields.project.key !== 'DATA')
      return { status: 400, body: { errorMessages: [], errors: { project: 'valid project is required' } } }
    if (fields.priority && !hasPriority) return noPriority()
    const key = `DATA-${issues.length + 1}`
    issues.push({
      key,
      fields,
      done: false,
      comments: [],
      links: new Map(),
      openedBy: properties?.[0]?.value.key ?? null,
    })
    return { status: 201, body: { id: '10000', key, self: `${server.url}/rest/api/3/issue/10000` } }
  }

  function search(sent: unknown): Answer {
    const [, project, label] = /project = "(\w+)" AND labels = "([^"]+)"/.exec(Search.parse(sent).jql) ?? []
    const found = issues.filter(
      ({ key, fields }) => key.startsWith(`${project}-`) && fields.labels.includes(label ?? ''),
    )
    return { status: 200, body: { issues: found.map(shown), isLast: true } }
  }

  function answer(issue: JiraIssueHeld, call: string, sent: unknown): Answer {
    switch (call) {
      case 'GET ':
        return { status: 200, body: shown(issue) }
      case 'PUT ': {
        if (!hasPriority) return noPriority()
        issue.fields.priority = z
          .object({ fields: z.object({ priority: z.object({ name: z.string() }) }) })
          .parse(sent).fields.priority
        return { status: 204 }
      }
      case 'GET comment':
        return {
          status: 200,
          body: {
            comments: issue.comments.map(({ key }) => ({
              properties: key ? [{ key: 'data-incident-manager', value: { key } }] : [],
            })),
          },
        }
      case 'POST comment': {
        const comment = Comment.safeParse(sent)
        if (!comment.success) return { status: 400, body: { errorMessages: ['INVALID_INPUT'], errors: {} } }
        issue.comments.push({
          key: comment.data.properties?.[0]?.value.key ?? null,
          text: textsIn(comment.data.body).join('\n'),
        })
        return { status: 201, body: { id: '1' } }
      }
      case 'GET transitions': {
        const done = { id: '31', name: 'Done', to: { statusCategory: { key: 'done' } } }
        const doing = { id: '21', name: 'In progress', to: { statusCategory: { key: 'indeterminate' } } }
        return { status: 200, body: { transitions: hasEnd ? [doing, done] : [doing] } }
      }
      case 'POST transitions':
        issue.done = z.object({ transition: z.object({ id: z.string() }) }).parse(sent).transition.id === '31'
        return { status: 204 }
      case 'POST remotelink': {
        const link = Link.safeParse(sent)
        if (!link.success) return { status: 400, body: { errorMessages: [], errors: { object: 'invalid' } } }
        issue.links.set(link.data.globalId, link.data.object.url)
        return { status: 201, body: { id: 1 } }
      }
      default:
        return { status: 405, body: '' }
    }
  }

  return {
    ...server,
    settings: {
      JIRA_URL: `${server.url}/`,
      JIRA_USERNAME: 'bot@example.com',
      JIRA_TOKEN: 'stand-in-token',
      JIRA_PROJECT: 'DATA',
    },
    issues,
    forgetPriority() {
      hasPriority = false
    },
    forgetEnd() {
      hasEnd = false
    },
  }
}

function noPriority(): Answer {
  return {
    status: 400,
    body: {
      errorMessages: [],
      errors: { priority: "Field 'priority' cannot be set. It is not on the appropriate screen, or unknown." },
    },
  }
}

function shown({ key, done, openedBy }: JiraIssueHeld): object {
  return {
    id: '10000',
    key,
    fields: { status: { name: done ? 'Done' : 'To Do', statusCategory: { key: done ? 'done' : 'new' } } },
    properties: openedBy ? { 'data-incident-manager': { key: openedBy } } : {},
  }
}

/** Every text of a document. */
export function textsIn(node: unknown): string[] {
  const one = z.object({ text: z.string().optional(), content: z.array(z.unknown()).optional() }).parse(node)
  return [...(one.text === undefined ? [] : [one.text]), ...(one.content ?? []).flatMap(textsIn)]
}
