import { z } from 'zod'
import type { Alert, AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { type Leaf, labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { readStatus } from '../domain/reading/status.ts'
import { tagsOf } from '../domain/reading/tags.ts'
import { isObject, type JsonObject, lookUp, objectsIn, plainKey } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `$ALERT_TRANSITION`, plain; what isn't here is read by its words. */
const transitions: Record<string, AlertStatus> = {
  triggered: 'firing',
  retriggered: 'firing',
  warn: 'firing',
  rewarn: 'firing',
  nodata: 'firing',
  renodata: 'firing',
  renotify: 'firing',
  recovered: 'resolved',
}

/** A warning and missing data are less than what the monitor calls an alert. */
const transitionSeverities: Record<string, Severity> = {
  warn: 'MEDIUM',
  rewarn: 'MEDIUM',
  nodata: 'MEDIUM',
  renodata: 'MEDIUM',
}

/**
 * The keys of a template are the user's own, mostly named like the variables: each variable by the names it is given.
 * https://docs.datadoghq.com/integrations/webhooks/#usage
 */
const variables = {
  transition: ['alerttransition', 'transition', 'alertstatus', 'status', 'state'],
  title: ['alerttitle', 'title', 'eventtitle', 'summary', 'subject', 'monitorname', 'name'],
  body: ['eventmsg', 'textonlymsg', 'msgtext', 'body', 'message', 'description', 'msg', 'text'],
  priority: ['alertpriority', 'priority', 'severity'],
  type: ['alerttype', 'level', 'type'],
  monitor: ['alertid', 'monitorid'],
  group: ['aggregkey', 'aggregationkey', 'uniquekey', 'dedupkey'],
  event: ['id', 'eventid', 'alertcyclekey'],
  scope: ['alertscope', 'scope'],
  tags: ['tags', 'alerttags'],
  metric: ['alertmetric', 'metric'],
  organisation: ['orgid', 'orgname'],
  started: ['date', 'datetime', 'dateposix', 'lastupdated', 'lastupdatedposix', 'timestamp', 'receivedat'],
} as const

/** The body that no template was written for: https://docs.datadoghq.com/integrations/webhooks/ */
const Default = z.looseObject({
  title: z.string(),
  event_type: z.string(),
  body: z.string(),
  org: z.looseObject({}),
})
const CustomTransition = z.looseObject({ alert_transition: z.string() })
/** What makes a body that names its source one of the plain shape. */
const plainKeys = ['title', 'description', 'metric']
/** Any other template, by a link to Datadog at the top or in `links`. */
const Linked = z.custom<JsonObject>((body) => {
  if (!isObject(body)) return false
  const source = typeof body.source === 'string' ? body.source.toLowerCase() : body.source
  if (source !== undefined && (source !== 'datadog' || plainKeys.some((key) => Object.hasOwn(body, key)))) return false
  return [body, ...objectsIn(body.links)].some((one) => Object.values(one).slice(0, 200).some(isDatadogLink))
})
const Body = z.union([Default, CustomTransition, Linked])

/** Datadog: the default body of its webhooks, and templates of the user's own. */
export const datadog: Monitor = {
  name: 'datadog',
  documentation: 'https://docs.datadoghq.com/integrations/webhooks/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'Datadog webhook', 'Send at least $ALERT_TRANSITION and $EVENT_TITLE.')
    return bodies.map((one) => readOne(leavesOf(one), receivedAt))
  },
}

function readOne(leaves: readonly Leaf[], receivedAt: string): Alert {
  const leaf = (variable: keyof typeof variables) =>
    variables[variable]
      .map((name) => leaves.find(({ key, compound }) => key === name || compound === name))
      .find((found) => found !== undefined)
  const text = (variable: keyof typeof variables) => leaf(variable)?.text ?? null
  // A template made for a chat has its title in `text`.
  const spoken = leaves.find(({ key }) => key === 'text')?.text.split('\n', 1)[0] ?? null
  const title = text('title') ?? spoken
  const heading = headingOf(title ?? '')
  const transition = [text('transition'), heading.state].map((said) => plainKey(said ?? '')).find((said) => said !== '')
  const tags = { ...tagsOf(heading.scope), ...tagsIn(leaves, 'tags'), ...tagsIn(leaves, 'scope') }
  const asset = readAsset(leaves, tags) ?? assetInText(heading.name)
  const monitor = text('monitor') ?? text('group') ?? checkFromTitle(heading.name)
  const scope = (text('scope') ?? heading.scope).split(/\s*,\s*/)
  const url = leaves.find(({ text }) => isDatadogLink(text))
  return buildAlert(
    {
      source: 'datadog',
      check: [text('organisation') ?? '', monitor, ...scope.sort()].join('\n'),
      external_id: text('event') ?? text('monitor'),
      status: statusOf(transition, text('type')),
      title,
      description: text('body'),
      severity:
        readSeverity(text('priority')) ??
        readSeverity(heading.priority) ??
        lookUp(transitionSeverities, transition ?? '') ??
        readSeverity(text('type')),
      category: readCategory([text('metric'), heading.name, text('body')]),
      environment: tags.env ?? tags.environment ?? null,
      asset,
      started_at: leaf('started')?.value,
      url: url?.text,
      labels: { ...labelsOfLeaves(leaves), ...tags },
      facts: readClaims(asset, {}, [tags]),
    },
    receivedAt,
  )
}

/** `[P2] [Triggered on {host:db-1}] Disk is full` in its parts; the scope may stand behind the name as well. */
function headingOf(title: string): { priority: string | null; state: string; scope: string; name: string } {
  const [marks = ''] = /^(?:\s*\[[^\]]{0,300}\])*/.exec(title) ?? []
  const inside = [...marks.matchAll(/\[([^\]]*)\]/g)].map(([, mark = '']) => mark)
  const priority = inside.find((mark) => /^P[1-5]$/i.test(mark)) ?? null
  const state = inside.find((mark) => stateOf(mark) !== '') ?? ''
  const name = title.slice(marks.length).trim() || title
  const scope = /\{([^}]*)\}/.exec(state)?.[1] ?? /\bon \{([^}]*)\}/.exec(name)?.[1] ?? ''
  return { priority, state: stateOf(state), scope, name }
}

/** The transition at the head of a mark: `Re-Triggered on {host:db-1}`. */
function stateOf(mark: string): string {
  const [state = ''] = /^(?:re-)?(?:triggered|warn|no data|recovered)|^renotify/i.exec(mark.trim()) ?? []
  return state
}

function statusOf(transition: string | undefined, type: string | null): AlertStatus {
  if (transition === undefined) return type?.toLowerCase() === 'success' ? 'resolved' : 'firing'
  return lookUp(transitions, transition) ?? readStatus(transition) ?? 'firing'
}

function tagsIn(leaves: readonly Leaf[], variable: 'tags' | 'scope'): Record<string, string> {
  // `leavesOf` has opened them: `tags: "host:db-1,env:prod"` are leaves at `tags.host` and `tags.env`.
  const keys: readonly string[] = variables[variable]
  const opened = leaves.filter(({ path }) => path.split('.').some((part) => keys.includes(plainKey(part))))
  return Object.fromEntries(
    opened.flatMap(({ path, text }) => {
      const [, key] = /\.([^.]+)$/.exec(path) ?? []
      return key === undefined ? Object.entries(tagsOf(text)) : [[key, text]]
    }),
  )
}

function readAsset(leaves: readonly Leaf[], tags: Readonly<Record<string, string>>): Asset | null {
  const own = Object.fromEntries(
    leaves.filter(({ parents }) => parents.length === 0).map(({ key, text }) => [key, text]),
  )
  const named = assetIn(tags) ?? assetIn(own)
  return named ?? (tags.name === undefined ? null : assetOf('service', tags.name))
}

function isDatadogLink(value: unknown): boolean {
  if (typeof value !== 'string') return false
  return /^https?:\/\/(?:[\w-]+\.){0,3}(?:datadoghq\.(?:com|eu)|ddog-gov\.com)(?:[/:?]|$)/i.test(value)
}
