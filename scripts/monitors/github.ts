import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { at, firstText, isObject, type JsonObject, lookUp, objectAt } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `conclusion` of what has run; what has none runs still, or waits. */
const conclusions: Record<string, AlertStatus> = {
  failure: 'firing',
  timed_out: 'firing',
  startup_failure: 'firing',
  action_required: 'firing',
  success: 'resolved',
}
/** What runs, and where its name stands. */
const runs = ['workflow_run', 'workflow_job', 'check_run', 'check_suite'] as const
/** What people do to code; alerts about code (of scanners, Dependabot, issues) are not here, and read by meaning. */
const work = ['commits', 'pull_request', 'comment', 'review', 'release', 'forkee', 'ref_type', 'starred_at', 'pages']

const Body = z
  .looseObject({ repository: z.looseObject({ full_name: z.string() }) })
  .refine((body) => runOf(body) !== null || (!Object.hasOwn(body, 'alert') && workOf(body) !== null))
type Body = z.infer<typeof Body>

/** GitHub: how runs of workflows and checks ended. Pushes, requests and comments are information, whatever they say. */
export const github: Monitor = {
  name: 'github',
  documentation: 'https://docs.github.com/webhooks/webhook-events-and-payloads',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'event of GitHub', 'Send workflow_run events.')
    return bodies.map((one) => buildAlert(runOf(one) === null ? readWork(one) : readRun(one), receivedAt))
  },
}

function runOf(body: JsonObject): JsonObject | null {
  const key = runs.find((name) => isObject(body[name]) && firstText(body[name], ['status', 'conclusion']) !== null)
  return key === undefined ? null : objectAt(body, key)
}

function workOf(body: JsonObject): string | null {
  return work.find((key) => body[key] !== undefined && body[key] !== null) ?? null
}

function readRun(body: Body): AlertDraft {
  const run = runOf(body) ?? {}
  const repository = body.repository.full_name
  const conclusion = firstText(run, ['conclusion'])
  const status = lookUp(conclusions, conclusion?.toLowerCase() ?? '') ?? 'info'
  const workflow = firstText(run, ['workflow_name']) ?? firstText(body, ['workflow.name'])
  const own = firstText(run, ['name', 'app.name']) ?? workflow ?? 'checks'
  const name = workflow === null || workflow === own ? own : `${workflow} / ${own}`
  const branch = firstText(run, ['head_branch', 'check_suite.head_branch'])
  return {
    source: 'github',
    // A red branch is no trouble of the main one.
    check: ['run', repository, name, branch ?? ''].join('\n'),
    identity: 'check',
    external_id: firstText(run, ['id']),
    status,
    title: `${name} of ${repository}${branch === null ? '' : ` on ${branch}`}: ${conclusion ?? firstText(run, ['status'])}`,
    description: firstText(run, ['display_title', 'output.title', 'output.summary']),
    severity: null,
    category: readFailureCategory([conclusion]),
    asset: assetOf('job', `${repository}/${name}`),
    started_at: firstText(run, ['run_started_at', 'started_at', 'created_at']),
    ended_at: status === 'resolved' ? firstText(run, ['completed_at', 'updated_at']) : null,
    url: firstText(run, ['html_url']),
    labels: labelsIn(run),
  }
}

function readWork(body: Body): AlertDraft {
  const what = workOf(body) ?? 'work'
  const repository = body.repository.full_name
  return {
    source: 'github',
    check: ['work', repository, what].join('\n'),
    status: 'info',
    title: `${what.replaceAll('_', ' ')} of ${repository}${at(body, 'action') === undefined ? '' : `: ${firstText(body, ['action'])}`}`,
    description: firstText(body, ['pull_request.title', 'head_commit.message', 'comment.body', 'release.name']),
    severity: null,
    category: 'unknown',
    asset: null,
    url: firstText(body, ['pull_request.html_url', 'compare', 'comment.html_url', 'release.html_url']),
    labels: {},
  }
}
