import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

/** One alert of PagerDuty, as its `dedup_key` names it. */
export interface PagerdutyAlert {
  dedup_key: string
  status: 'triggered' | 'acknowledged' | 'resolved'
  /** How often somebody was paged: once each time that it was opened. */
  pages: number
  summary: string
  severity: string
  events: number
}

export interface PagerdutyStandIn extends StandIn {
  readonly settings: Record<'PAGERDUTY_ROUTING_KEY' | 'PAGERDUTY_EVENTS_URL', string>
  /** With those, notes can be written too. */
  readonly noteSettings: Record<'PAGERDUTY_API_TOKEN' | 'PAGERDUTY_API_URL' | 'PAGERDUTY_FROM', string>
  readonly alerts: ReadonlyMap<string, PagerdutyAlert>
  /** Notes by incident. */
  readonly notes: ReadonlyMap<string, string[]>
}

const routingKey = 'R0123456789ABCDEF0123456789ABCDE'
const token = 'u+standinstandinstandin'

/** https://developer.pagerduty.com/docs/send-alert-event (read 2026-11) */
const Event = z
  .object({
    routing_key: z.string().length(32),
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: z.string().min(1).max(255).optional(),
    payload: z
      .object({
        summary: z.string().min(1).max(1024),
        source: z.string().min(1),
        severity: z.enum(['critical', 'error', 'warning', 'info']),
      })
      .optional(),
    links: z.array(z.object({ href: z.url(), text: z.string().optional() })).optional(),
  })
  .refine(({ event_action, payload }) => event_action !== 'trigger' || payload, "'payload' is missing or blank")
  .refine(({ event_action, dedup_key }) => event_action === 'trigger' || dedup_key, "'dedup_key' is missing or blank")

/** PagerDuty's Events API v2, and the notes of its REST API. */
export async function startPagerduty(): Promise<PagerdutyStandIn> {
  const alerts = new Map<string, PagerdutyAlert>()
  const notes = new Map<string, string[]>()

  const server = await startStandIn((request: Received): Answer => {
    if (request.path === '/v2/enqueue') return enqueue(request)
    const incident = /^\/incidents\/([A-Z0-9]+)\/notes$/.exec(request.path)?.[1]
    return incident ? note(request, incident) : { status: 404, body: { error: { message: 'Not Found', code: 2100 } } }
  })

  function enqueue({ method, body }: Received): Answer {
    const event = Event.safeParse(tryParseJson(body))
    if (method !== 'POST' || !event.success || event.data.routing_key !== routingKey) {
      const errors = event.success ? ["'routing_key' is invalid"] : event.error.issues.map(({ message }) => message)
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } }
    }
    const { event_action, payload, dedup_key = crypto.randomUUID() } = event.data
    const known = alerts.get(dedup_key)
    if (event_action === 'trigger' && payload) {
      const isOpen = known !== undefined && known.status !== 'resolved'
      alerts.set(dedup_key, {
        dedup_key,
        status: isOpen ? known.status : 'triggered',
        pages: (known?.pages ?? 0) + (isOpen ? 0 : 1),
        // Events that join an open alert leave its summary as it is.
        summary: isOpen ? known.summary : payload.summary,
        severity: isOpen ? known.severity : payload.severity,
        events: (known?.events ?? 0) + 1,
      })
    } else if (known && known.status !== 'resolved') {
      known.status = event_action === 'resolve' ? 'resolved' : 'acknowledged'
      known.events += 1
    }
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key } }
  }

  function note({ method, headers, body }: Received, incident: string): Answer {
    if (headers.authorization !== `Token token=${token}`) return { status: 401, body: { error: { code: 2006 } } }
    const written = notes.get(incident) ?? []
    if (method === 'GET') return { status: 200, body: { notes: written.map((content) => ({ id: 'PN', content })) } }
    if (!headers.from?.includes('@')) {
      return { status: 400, body: { error: { message: 'Requester User Not Found', code: 1008 } } }
    }
    const sent = z.object({ note: z.object({ content: z.string().min(1).max(25_000) }) }).safeParse(tryParseJson(body))
    if (!sent.success) return { status: 400, body: { error: { message: 'Invalid Input Provided', code: 2001 } } }
    notes.set(incident, [...written, sent.data.note.content])
    return { status: 200, body: { note: { id: 'PN', content: sent.data.note.content } } }
  }

  return {
    ...server,
    settings: { PAGERDUTY_ROUTING_KEY: routingKey, PAGERDUTY_EVENTS_URL: server.url },
    noteSettings: {
      PAGERDUTY_API_TOKEN: token,
      PAGERDUTY_API_URL: server.url,
      PAGERDUTY_FROM: 'incidents@example.com',
    },
    alerts,
    notes,
  }
}

/** A webhook of version 3 about an incident. https://developer.pagerduty.com/docs/webhooks-overview (read 2026-11) */
export function pagerdutyWebhook(
  event: string,
  incident: { key: string; id?: string; title?: string; assignees?: string[]; agent?: string | null },
): object {
  const {
    key,
    id = 'Q1ABCDEF23GHIJ',
    title = 'orders is late',
    assignees = ['Ana Diaz'],
    agent = 'Ana Diaz',
  } = incident
  return {
    event: {
      id: '01DEN5HPBXMZ8KBTAJ3IUV5RBF',
      event_type: `incident.${event}`,
      resource_type: 'incident',
      occurred_at: new Date().toISOString(),
      agent: agent && {
        html_url: 'https://acme.pagerduty.example/users/PUSER',
        id: 'PUSER',
        summary: agent,
        type: 'user_reference',
      },
      client: null,
      data: {
        id,
        type: 'incident',
        self: `https://api.pagerduty.example/incidents/${id}`,
        html_url: `https://acme.pagerduty.example/incidents/${id}`,
        number: 2,
        status: event === 'resolved' ? 'resolved' : event === 'triggered' ? 'triggered' : 'acknowledged',
        incident_key: key,
        created_at: new Date().toISOString(),
        title,
        service: { html_url: null, id: 'PF9KMXH', summary: 'Data', type: 'service_reference' },
        assignees: assignees.map((summary) => ({ id: 'PUSER', summary, type: 'user_reference' })),
        urgency: 'high',
        priority: null,
        resolve_reason: null,
      },
    },
  }
}
