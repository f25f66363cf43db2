import { z } from 'zod'
import { oneLine } from '../../domain/text.ts'

/** What people did in PagerDuty about an incident. */
export interface Heard {
  what: 'acknowledged' | 'given_back' | 'resolved' | 'none'
  /** The incident of ours, when we opened it there; null when it came to us through PagerDuty. */
  incident: string | null
  /** PagerDuty's own id of it. */
  id: string
  /** A name as PagerDuty shows it. */
  who: string
  /** One sentence for the timeline. */
  why: string
}

const named = z.object({ summary: z.string() })
/** Version 3: https://developer.pagerduty.com/docs/webhooks-overview */
const Webhook = z.object({
  event: z.object({
    event_type: z.string().startsWith('incident.'),
    agent: named.nullish(),
    data: z.object({
      id: z.string().max(64),
      incident_key: z.string().nullish(),
      assignees: z.array(named).default([]),
    }),
  }),
})

/** Whoever is handed an incident has it: nobody else need be reminded. */
const meanings: Record<string, Heard['what']> = {
  acknowledged: 'acknowledged',
  reassigned: 'acknowledged',
  delegated: 'acknowledged',
  unacknowledged: 'given_back',
  reopened: 'given_back',
  resolved: 'resolved',
}

/** Reads a webhook of PagerDuty; null when the body is none. `tenant` tells our own keys from other people's. */
export function hearPagerduty(body: unknown, tenant: string): Heard | null {
  const parsed = Webhook.safeParse(body)
  if (!parsed.success) return null
  const { event_type, agent, data } = parsed.data.event
  const name = event_type.slice('incident.'.length)
  const holder = name === 'reassigned' || name === 'delegated' ? data.assignees[0] : agent
  const prefix = `${tenant}/`
  const key = data.incident_key ?? ''
  return {
    what: Object.hasOwn(meanings, name) ? (meanings[name] ?? 'none') : 'none',
    incident: key.startsWith(prefix) ? key.slice(prefix.length) : null,
    id: data.id,
    who: `${oneLine(holder?.summary ?? 'somebody', 80) || 'somebody'} (PagerDuty)`,
    why: `${oneLine(name.replaceAll('_', ' '), 40)} in PagerDuty`,
  }
}
