import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Severity } from '../../domain/alert.ts'
import type { Settings } from '../../lib/config.ts'
import { HttpStatusError, type JsonRequest, requestJson } from '../../lib/http.ts'
import { tryParseJson } from '../../lib/json.ts'
import type { DocumentNode } from './document.ts'

/** Jira's own five, less the lowest. */
const priorities: Record<Severity, string> = { CRITICAL: 'Highest', HIGH: 'High', MEDIUM: 'Medium', LOW: 'Low' }

/** Under this property an issue and a comment say which message they are. */
const mark = 'data-incident-manager'

const Marked = z.object({ [mark]: z.object({ key: z.string() }).optional() }).catch({})
const Issue = z.object({
  key: z.string().regex(/^[A-Z][A-Z0-9_]+-\d+$/),
  fields: z.object({ status: z.object({ statusCategory: z.object({ key: z.string() }) }) }),
  properties: Marked.default({}),
})
const Created = Issue.pick({ key: true })
const Found = z.object({ issues: z.array(Issue) })
const Comments = z.object({
  comments: z.array(z.object({ properties: z.array(z.object({ key: z.string(), value: z.unknown() })).default([]) })),
})
const Transitions = z.object({
  transitions: z.array(z.object({ id: z.string(), to: z.object({ statusCategory: z.object({ key: z.string() }) }) })),
})
const Errors = z.object({ errors: z.record(z.string(), z.unknown()) })

export interface JiraIssue {
  key: string
  isDone: boolean
  /** The message that opened it. */
  openedBy: string | null
}

export interface NewIssue {
  project: string
  type: string
  summary: string
  description: DocumentNode
  labels: string[]
  severity: Severity
  key: string
}

export type Jira = ReturnType<typeof connectJira>

/**
 * The few calls of Jira Cloud's REST API 3 that an incident needs; each throws as lib/http.ts does.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3
 */
export function connectJira(settings: Settings, signal: AbortSignal) {
  const base = `${(settings.JIRA_URL ?? '').replace(/\/+$/, '')}/rest/api/3`
  const log = Buffer.from(`${settings.JIRA_USERNAME}:${settings.JIRA_TOKEN}`).toString('base64')
  const common = { headers: { authorization: `Basic ${log}` }, system: 'Jira', signal, deepest: 100 }
  const ask = <T>(path: string, schema: z.ZodType<T>, request: JsonRequest = {}) =>
    requestJson(`${base}${path}`, { ...common, ...request, schema })
  const tell = (path: string, request: JsonRequest) => requestJson(`${base}${path}`, { ...common, ...request })

  return {
    /** Whether there is such a project and the user may see it. */
    async hasProject(key: string): Promise<boolean> {
      try {
        await ask(`/project/${encodeURIComponent(key)}`, z.object({ key: z.string() }))
        return true
      } catch (thrown) {
        if (thrown instanceof HttpStatusError && thrown.status === 404) return false
        throw thrown
      }
    },

    /** By its key; null when it is gone. */
    async read(key: string): Promise<JiraIssue | null> {
      try {
        return issueOf(await ask(`/issue/${encodeURIComponent(key)}?fields=status&properties=${mark}`, Issue))
      } catch (thrown) {
        if (thrown instanceof HttpStatusError && thrown.status === 404) return null
        throw thrown
      }
    },

    /** By its label; null when there is none. */
    async find(project: string, label: string): Promise<JiraIssue | null> {
      const jql = `project = "${project}" AND labels = "${label.replace(/["\\]/g, '')}" ORDER BY created ASC`
      const body = { jql, fields: ['status'], properties: [mark], maxResults: 1 }
      const { issues } = await ask('/search/jql', Found, { method: 'POST', body, idempotent: true })
      return issues[0] ? issueOf(issues[0]) : null
    },

    /** A project whose screens have no priority gets an issue without. */
    async create(issue: NewIssue): Promise<JiraIssue> {
      const fields = {
        project: { key: issue.project },
        issuetype: { name: issue.type },
        summary: issue.summary,
        description: issue.description,
        labels: issue.labels,
      }
      const post = (more: object) =>
        ask('/issue', Created, {
          method: 'POST',
          body: { fields: { ...fields, ...more }, properties: [{ key: mark, value: { key: issue.key } }] },
        })
      const { key } = await withoutPriority(
        () => post({ priority: { name: priorities[issue.severity] } }),
        () => post({}),
      )
      return { key, isDone: false, openedBy: issue.key }
    },

    async prioritise(issue: string, severity: Severity): Promise<void> {
      const body = { fields: { priority: { name: priorities[severity] } } }
      await withoutPriority(
        () => tell(`/issue/${issue}`, { method: 'PUT', body }),
        async () => null,
      )
    },

    async comment(issue: string, body: DocumentNode, key: string): Promise<void> {
      const properties = [{ key: mark, value: { key } }]
      await tell(`/issue/${issue}/comment`, { method: 'POST', body: { body, properties } })
    },

    async hasComment(issue: string, key: string): Promise<boolean> {
      const { comments } = await ask(
        `/issue/${issue}/comment?expand=properties&orderBy=-created&maxResults=100`,
        Comments,
      )
      return comments.some(({ properties }) => {
        const own = properties.find((property) => property.key === mark)
        return z.object({ key: z.literal(key) }).safeParse(own?.value).success
      })
    },

    /** By whatever step leads to a state that counts as done; an issue whose workflow has none stays as it is. */
    async close(issue: string): Promise<void> {
      const { transitions } = await ask(`/issue/${issue}/transitions`, Transitions)
      const step = transitions.find(({ to }) => to.statusCategory.key === 'done')
      if (!step) return
      await tell(`/issue/${issue}/transitions`, { method: 'POST', body: { transition: { id: step.id } } })
    },

    /** Links beside the issue; the same again changes nothing. */
    async link(issue: string, subject: string, links: readonly { title: string; url: string }[]): Promise<void> {
      for (const { title, url } of links.slice(0, 5)) {
        const globalId = `${mark}:${createHash('sha256').update(`${subject} ${url}`).digest('hex').slice(0, 32)}`
        const body = { globalId, object: { url, title: title.slice(0, 250) || url.slice(0, 250) } }
        await tell(`/issue/${issue}/remotelink`, { method: 'POST', body, idempotent: true })
      }
    },
  }
}

function issueOf({ key, fields, properties }: z.infer<typeof Issue>): JiraIssue {
  return { key, isDone: fields.status.statusCategory.key === 'done', openedBy: properties[mark]?.key ?? null }
}

/** Tries again without a priority when that is all that Jira finds wrong. */
async function withoutPriority<T>(first: () => Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first()
  } catch (thrown) {
    const isPriority = thrown instanceof HttpStatusError && thrown.status === 400 && faultyFields(thrown) === 'priority'
    if (!isPriority) throw thrown
    return second()
  }
}

function faultyFields({ answer }: HttpStatusError): string {
  const errors = Errors.safeParse(tryParseJson(answer))
  return errors.success ? Object.keys(errors.data.errors).join() : ''
}
