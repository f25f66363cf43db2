import pg from 'pg'
import type { Alert } from '../../scripts/domain/alert.ts'
import type { Decision } from '../../scripts/domain/decision.ts'
import type { Evidence } from '../../scripts/domain/evidence.ts'
import { fingerprint } from '../../scripts/domain/fingerprint.ts'
import type { Message } from '../../scripts/domain/message.ts'
import { keepDryRun } from '../../scripts/store/approvals.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { beginAnalysis, decide, saveProposal } from '../../scripts/store/decisions.ts'
import { saveEvidence } from '../../scripts/store/evidence.ts'
import { claimActions, finishAction } from '../../scripts/store/outbox.ts'
import { receiveDelivery } from '../../scripts/store/receive.ts'
import type { WebhookKey } from '../../scripts/store/sources.ts'
import { exampleMessage, record } from './store.ts'

/** An incident as it comes about: its alerts, what was gathered, what was decided. */
export interface Story {
  name: string
  /** How long ago it began. */
  minutesAgo: number
  alert: Partial<Alert> & Pick<Alert, 'title'>
  /** How often it fired. */
  firings?: number
  /** By which of the webhook's keys its alerts came; the current one unless it says so. */
  webhookKey?: WebhookKey
  evidence?: Evidence[]
  /** Absent: nothing is decided yet. */
  decision?: Partial<Decision>
  /** What the fix that waits for approval would do. */
  dryRun?: string
}

/** Lets a story happen, through the store's own steps. Answers its incident. */
export async function tell(store: Store, story: Story): Promise<string> {
  const firings = story.firings ?? 1
  let incident = ''
  for (let firing = 0; firing < firings; firing += 1) {
    const received = await receiveDelivery(store, {
      originalId: `${story.name}-${firing}`,
      executionId: `${story.name}-${firing}`,
      headers: {},
      body: '{}',
      webhookKey: story.webhookKey ?? 'current',
      monitor: story.alert.source ?? 'alertmanager',
      alerts: [alertOf(story, firing)],
    })
    incident ||= received.incidents[0] ?? ''
  }
  if (story.decision === undefined && story.evidence === undefined) return incident
  const holder = `analysis-of-${story.name}`
  const lease = await beginAnalysis(store, incident, holder)
  await saveEvidence(store, incident, lease?.revision ?? 1, story.evidence ?? [])
  if (story.decision === undefined) return incident
  const decision = decisionOf(story)
  const { remediation, ...rest } = decision
  await saveProposal(store, incident, holder, {
    proposal: { ...rest, remediation: remediation && { template: remediation.template, target: remediation.target } },
    record: decision,
  })
  const actions: Parameters<typeof decide>[1]['actions'] =
    decision.recommended_action === 'auto_fix' && decision.remediation && !decision.approval
      ? [{ kind: 'fix', key: `${incident}:1:fix`, remediation: decision.remediation }]
      : decision.recommended_action === 'notify_team'
        ? [{ kind: 'slack', key: `${incident}:1:slack`, message: messageOf(incident, decision, story) }]
        : []
  await decide(store, { incident, token: holder, decision, actions })
  for (const action of await claimActions(store, { incident, kinds: ['slack'], limit: 1 })) {
    await finishAction(store, action, { state: 'sent', reference: null })
  }
  if (story.dryRun !== undefined) await keepDryRun(store, { incident, revision: 1 }, { dry_run: story.dryRun })
  return incident
}

/** Moves what happened to an incident into the past, timeline and alerts with it: as the owner, in a test's database. */
export async function ageIncident(ownerUrl: string, tenant: string, incident: string, minutes: number): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query("select set_config('dim.tenant', $1, false)", [tenant])
    const by = 'make_interval(mins => $2)'
    for (const statement of [
      `update incidents set opened_at = opened_at - ${by}, last_seen_at = last_seen_at - ${by},
         decided_at = decided_at - ${by}, told_at = told_at - ${by}, closed_at = closed_at - ${by} where id = $1`,
      `update alerts set received_at = received_at - ${by} where incident = $1`,
      `update transitions set at = at - ${by} where incident = $1`,
      `update decisions set created_at = created_at - ${by}, decided_at = decided_at - ${by} where incident = $1`,
      `update actions set created_at = created_at - ${by}, sent_at = sent_at - ${by} where incident = $1`,
      `update approvals set asked_at = asked_at - ${by}, expires_at = expires_at - ${by},
         dry_run_at = dry_run_at - ${by} where incident = $1`,
      `update audit set at = at - ${by} where subject = $1`,
    ]) {
      await client.query(statement, [incident, minutes])
    }
  } finally {
    await client.end()
  }
}

function alertOf(story: Story, firing: number): Alert {
  const asset = story.alert.asset ?? null
  const source = story.alert.source ?? 'alertmanager'
  const environment = story.alert.environment ?? 'production'
  return {
    source,
    external_id: `${story.name}-${firing}`,
    fingerprint: fingerprint({ source, check: story.name, asset, environment }),
    status: 'firing',
    description: story.alert.title,
    severity: 'HIGH',
    category: 'unknown',
    started_at: new Date(Date.now() - (firing + 1) * 1000).toISOString(),
    ended_at: null,
    received_at: new Date().toISOString(),
    url: null,
    labels: {},
    facts: [],
    ...story.alert,
    environment,
    asset,
  }
}

function decisionOf(story: Story): Decision {
  return {
    is_incident: true,
    severity: story.alert.severity ?? 'HIGH',
    category: story.alert.category ?? 'unknown',
    root_cause: story.alert.title,
    business_impact: '',
    reasoning: '',
    affected_count: story.decision?.affected_assets?.length ?? 0,
    affected_assets: [],
    recommended_action: 'notify_team',
    confidence: 0.86,
    evidence_ids: (story.evidence ?? []).slice(0, 2).map(({ id }) => id),
    ...record,
    remediation: null,
    mode: 'act',
    guardrails: [],
    ...story.decision,
    // A model names no rule.
    rule: story.decision?.analyzer === 'gemini' ? null : (story.decision?.rule ?? record.rule),
  }
}

function messageOf(incident: string, decision: Decision, story: Story): Message {
  return exampleMessage(incident, {
    title: story.alert.title,
    severity: decision.severity,
    root_cause: decision.root_cause,
    impact: decision.business_impact,
  })
}
