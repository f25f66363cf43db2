import { z } from 'zod'
import type { Severity } from '../domain/alert.ts'
import type { Message } from '../domain/message.ts'
import { oneLine } from '../domain/text.ts'
import type { Settings } from '../lib/config.ts'
import { requestJson } from '../lib/http.ts'
import type { Channel, Delivery, Sending } from './channel.ts'
import { withoutSecrets } from './shared/clean.ts'
import { needless, unknown } from './shared/outcome.ts'
import { headline, isEnd, linksOf } from './shared/plain.ts'
import { restFault } from './shared/rest.ts'

const severities: Record<Severity, string> = { CRITICAL: 'critical', HIGH: 'error', MEDIUM: 'warning', LOW: 'info' }

/** https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic */
const hints = {
  400: 'the event breaks a rule of PagerDuty: check PAGERDUTY_ROUTING_KEY',
  403: 'PAGERDUTY_ROUTING_KEY is not allowed to send events',
}
const noteHints = {
  400: 'PAGERDUTY_FROM is not the e-mail address of one of its users',
  401: 'PAGERDUTY_API_TOKEN is wrong',
  402: 'its plan does not have notes',
  403: 'PAGERDUTY_API_TOKEN may not write notes',
  404: 'the incident is gone, or PAGERDUTY_API_TOKEN may not see it',
}

const Accepted = z.object({ status: z.literal('success') })
const Notes = z.object({ notes: z.array(z.object({ content: z.string() })) })

/** What PagerDuty calls its own incidents: an alert that came through it carries such an id. */
const incidentId = /^[A-Z0-9]{7,20}$/

/**
 * PagerDuty, by Events v2: one alert an incident, by `dedup_key`, triggered, acknowledged and resolved. Who is on call and
 * who is next is PagerDuty's. What came through PagerDuty gets a note there, and opens no second page.
 */
export const pagerduty: Channel = {
  name: 'pagerduty',
  settings: [
    'PAGERDUTY_ROUTING_KEY',
    'PAGERDUTY_EVENTS_URL',
    'PAGERDUTY_API_TOKEN',
    'PAGERDUTY_API_URL',
    'PAGERDUTY_FROM',
  ],
  // 120 events a minute for an integration, bursts allowed.
  pace: { everyMs: 500, burst: 60 },
  isConfigured: (settings) => Boolean(settings.PAGERDUTY_ROUTING_KEY),
  repeats: () => 'again',
  async send(message, sending) {
    const clean = withoutSecrets(message, sending.settings)
    const { origin } = message
    if (origin?.source === 'pagerduty' && incidentId.test(origin.id)) return addNote(clean, origin.id, sending)
    const action = actionOf(clean, sending)
    return action ? enqueue(clean, action, sending) : needless('PagerDuty reminds people itself, or was not told')
  },
}

type EventAction = 'trigger' | 'acknowledge' | 'resolve'

/** A dismissal is said by an end: whoever was paged need not look any more, and PagerDuty tells them so. */
function actionOf(message: Message, { opened, inDoubt }: Sending): EventAction | null {
  const isThere = opened !== null || inDoubt
  // A list pages nobody.
  if (message.occasion === 'digest') return null
  if (isEnd(message)) return isThere ? 'resolve' : null
  if (message.occasion === 'acknowledged') return isThere ? 'acknowledge' : null
  return message.occasion === 'reminder' && isThere ? null : 'trigger'
}

/** A repetition does no harm: PagerDuty knows it by its key. */
async function enqueue(message: Message, action: EventAction, sending: Sending): Promise<Delivery> {
  const { settings, subject, signal } = sending
  try {
    const answer = await requestJson(`${settings.PAGERDUTY_EVENTS_URL ?? 'https://events.pagerduty.com'}/v2/enqueue`, {
      method: 'POST',
      body: {
        routing_key: settings.PAGERDUTY_ROUTING_KEY,
        event_action: action,
        dedup_key: subject,
        ...(action === 'trigger' ? eventOf(message) : {}),
      },
      system: 'PagerDuty',
      signal,
    })
    if (!Accepted.safeParse(answer).success) return unknown('what answered is not PagerDuty')
    return { outcome: 'sent', reference: subject }
  } catch (thrown) {
    return restFault(thrown, 'PagerDuty', hints)
  }
}

/** https://developer.pagerduty.com/docs/send-alert-event */
function eventOf(message: Message) {
  const { asset, environment, incident } = message
  return {
    payload: {
      summary: oneLine(headline(message), 1024),
      source: oneLine(asset ?? '', 255) || incident || 'DataIncidentManager',
      severity: severities[message.severity],
      component: asset,
      group: environment,
      custom_details: {
        incident,
        what_happened: message.what,
        root_cause: message.root_cause,
        impact: message.impact,
        next_step: message.next_step,
        dry_run: message.dry_run?.text ?? null,
        checklist: message.checklist,
        owner: message.owner,
        sla_owners: message.sla_owners,
        evidence: message.evidence.map(({ source, summary }) => `${source}: ${summary}`),
        tried: message.tried,
        could_not_be_checked: message.unchecked,
        note: message.note,
      },
    },
    links: linksOf(message).map(({ title, url }) => ({ href: url, text: title })),
    client: 'DataIncidentManager',
  }
}

/** People were paged by PagerDuty already: what is found out goes to where they look. */
async function addNote(message: Message, id: string, { settings, key, inDoubt, signal }: Sending): Promise<Delivery> {
  const isNews = message.occasion !== 'raw' && message.occasion !== 'reminder' && message.occasion !== 'acknowledged'
  if (!isNews || message.silent) return needless('it came through PagerDuty, where people know of it')
  if (!settings.PAGERDUTY_API_TOKEN)
    return needless('PagerDuty paged already; PAGERDUTY_API_TOKEN would add a note there')
  const url = `${settings.PAGERDUTY_API_URL ?? 'https://api.pagerduty.com'}/incidents/${id}/notes`
  const call = { headers: headersOf(settings), system: 'PagerDuty', signal }
  const mark = `[${key}]`
  try {
    if (inDoubt) {
      const { notes } = await requestJson(url, { ...call, schema: Notes })
      if (notes.some(({ content }) => content.includes(mark))) return { outcome: 'sent', reference: id }
    }
    const answer = await requestJson(url, {
      ...call,
      method: 'POST',
      body: { note: { content: noteOf(message, mark) } },
    })
    if (!z.object({ note: z.unknown() }).safeParse(answer).success) return unknown('what answered is not PagerDuty')
    return { outcome: 'sent', reference: id }
  } catch (thrown) {
    return restFault(thrown, 'PagerDuty', noteHints)
  }
}

function headersOf(settings: Settings): Record<string, string> {
  return {
    accept: 'application/vnd.pagerduty+json;version=2',
    authorization: `Token token=${settings.PAGERDUTY_API_TOKEN}`,
    ...(settings.PAGERDUTY_FROM ? { from: settings.PAGERDUTY_FROM } : {}),
  }
}

function noteOf(message: Message, mark: string): string {
  const { root_cause, impact, next_step, dry_run, tried } = message
  const dryRun = dry_run && `Dry run: ${dry_run.text}`
  const lines = [headline(message), root_cause, impact, next_step, dryRun, ...tried, mark]
  return lines.filter(Boolean).join('\n').slice(0, 20_000)
}
