import { afterAll, beforeAll } from 'vitest'
import type { Alert } from '../../scripts/domain/alert.ts'
import type { AnalyzerRecord, Decision, Proposal } from '../../scripts/domain/decision.ts'
import type { Message } from '../../scripts/domain/message.ts'
import { openStore, type Store } from '../../scripts/store/connection.ts'
import { beginAnalysis, decide, saveProposal } from '../../scripts/store/decisions.ts'
import { type Received, receiveDelivery } from '../../scripts/store/receive.ts'
import { type Statement, sql } from '../../scripts/store/sql.ts'
import { createTestStore, type TestStore } from './postgres.ts'

/** A database for the test file; `tenant()` gives a store that shares it with no other test. */
export function useTestStore(): { database(): TestStore; tenant(): Store } {
  let database: TestStore | undefined
  const opened: Store[] = []
  let count = 0
  const required = () => {
    if (!database) throw new Error('The database is there from the first test on.')
    return database
  }
  beforeAll(async () => {
    database = await createTestStore()
  })
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()))
    await database?.close()
  })
  return {
    database: required,
    tenant() {
      count += 1
      const store = openStore(required().appUrl, `tenant-${count}`)
      opened.push(store)
      return store
    },
  }
}

/** An alert of the DAG `orders`, failing. */
export function exampleAlert(changes: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    external_id: null,
    fingerprint: 'fp_orders_failed',
    status: 'firing',
    title: 'orders failed',
    description: 'The DAG orders failed.',
    severity: 'HIGH',
    category: 'pipeline_failure',
    environment: 'production',
    asset: { kind: 'dag', name: 'orders', system: null },
    started_at: null,
    ended_at: null,
    received_at: '2026-11-20T07:40:00.000Z',
    url: null,
    labels: {},
    facts: [],
    ...changes,
  }
}

let deliveries = 0

/** Hands alerts to the store as an execution of their own. */
export function receive(store: Store, alerts: Alert | readonly Alert[], originalId?: string): Promise<Received> {
  deliveries += 1
  const id = originalId ?? `execution-${deliveries}`
  return receiveDelivery(store, {
    originalId: id,
    executionId: id,
    headers: { 'content-type': 'application/json' },
    body: '{}',
    monitor: 'alertmanager',
    alerts: Array.isArray(alerts) ? alerts : [alerts].flat(),
  })
}

const proposal: Proposal = {
  is_incident: true,
  severity: 'HIGH',
  category: 'pipeline_failure',
  root_cause: 'The source was late.',
  business_impact: 'Reports are old.',
  reasoning: 'The log says so.',
  affected_count: 1,
  affected_assets: ['orders'],
  recommended_action: 'notify_team',
  confidence: 0.9,
  evidence_ids: [],
  remediation: null,
}

export const record: AnalyzerRecord = {
  analyzer: 'rules',
  model: null,
  prompt_version: null,
  tokens: null,
  cost_usd: null,
  latency_ms: 1,
  fallback: null,
  rule: 'example',
}

export function exampleProposal(changes: Partial<Proposal> = {}): Proposal {
  return { ...proposal, ...changes }
}

export function exampleDecision(changes: Partial<Decision> = {}): Decision {
  return { ...proposal, ...record, remediation: null, mode: 'act', guardrails: [], ...changes }
}

/** Analyses an incident and decides it, as the flow does. */
export async function decideOn(
  store: Store,
  incident: string,
  changes: Partial<Decision> = {},
  actions: Parameters<typeof decide>[1]['actions'] = [],
  holder = `execution of ${incident}`,
): Promise<Decision> {
  await beginAnalysis(store, incident, holder)
  await saveProposal(store, incident, holder, { proposal: exampleProposal(), record })
  return decide(store, { incident, token: holder, decision: exampleDecision(changes), actions })
}

/** Moves every time that the tenant's rows hold into the past, as if nothing had happened since. */
export async function letTimePass(store: Store, ms: number): Promise<void> {
  const by = sql`make_interval(secs => ${ms / 1000})`
  const shifts: Statement[] = [
    sql`update incidents set opened_at = opened_at - ${by}, last_seen_at = last_seen_at - ${by},
          decided_at = decided_at - ${by}, acknowledged_at = acknowledged_at - ${by}, told_at = told_at - ${by}, closed_at = closed_at - ${by},
          latest_start = latest_start - ${by}, dispatched_until = dispatched_until - ${by},
          held_until = held_until - ${by}`,
    sql`update actions set not_before = not_before - ${by}, sent_at = sent_at - ${by}, created_at = created_at - ${by}`,
    sql`update paces set used_until = used_until - ${by}`,
    sql`update conditions set opened_at = opened_at - ${by}, last_seen_at = last_seen_at - ${by},
          latest_start = latest_start - ${by}, resolved_at = resolved_at - ${by}`,
    sql`update due set due_at = due_at - ${by}, lease_until = lease_until - ${by}`,
    sql`update quieted set since = since - ${by}, until = until - ${by}`,
    sql`update source_heard set last_heard_at = last_heard_at - ${by}, expected_since = expected_since - ${by},
          silent_since = silent_since - ${by}`,
    sql`update marks set at = at - ${by} where name <> 'listening'`,
  ]
  await store.transaction(async (query) => {
    for (const shift of shifts) await query.run(shift)
  })
}

/** What people are told about an incident. */
export function exampleMessage(incident: string, changes: Partial<Message> = {}): Message {
  return {
    occasion: 'decision',
    incident,
    severity: 'HIGH',
    title: 'orders failed',
    asset: null,
    environment: null,
    what: 'The DAG orders failed.',
    root_cause: null,
    impact: null,
    owner: null,
    sla_owners: [],
    acknowledged_by: null,
    dismissed: false,
    silent: false,
    note: null,
    origin: null,
    evidence: [],
    sections: [],
    runbook: null,
    links: [],
    unchecked: [],
    checklist: [],
    next_step: 'Look at its log.',
    dry_run: null,
    tried: [],
    confidence: null,
    analyzer: null,
    occurrences: 1,
    possible_repeat: false,
    ...changes,
  }
}
