import { z } from 'zod'
import { analyze } from '../analysis/analyze.ts'
import type { Model } from '../analysis/model.ts'
import { type Alert, Category, Severity, worse } from '../domain/alert.ts'
import { Action, type Decision, Mode, RemediationTemplate } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { alertEvidence } from '../domain/gather.ts'
import { applyGuardrails } from '../domain/guardrails.ts'
import { AllowEntry, policyFor } from '../domain/policy.ts'
import { readDelivery } from '../monitors/index.ts'

const Expectation = z.strictObject({
  is_incident: z.boolean(),
  action: z.array(Action).min(1),
  severity: z.array(Severity).optional(),
  never: z.array(Action).optional(),
  category: z.array(Category).optional(),
  root_cause_any: z.array(z.array(z.string()).min(1)).optional(),
  root_cause_never: z.array(z.string()).optional(),
  evidence_any: z.array(z.string()).optional(),
  remediation: z.object({ template: RemediationTemplate, target: z.string() }).nullish(),
})
type Expectation = z.infer<typeof Expectation>

/** A story as data: what came in, what the world looked like, what is right. */
export const Scenario = z.strictObject({
  name: z.string().min(1),
  title: z.string().optional(),
  difficulty: z.int().min(1).max(4).optional(),
  tags: z.array(z.string()).optional(),
  now: z.iso.datetime({ offset: true }),
  request: z.object({ headers: z.record(z.string(), z.string()).optional(), body: z.unknown() }),
  evidence: z.array(Evidence),
  policy: z
    .strictObject({
      mode: Mode.optional(),
      auto_fix: z.boolean().optional(),
      allow: z.array(AllowEntry).optional(),
      freeze: z.boolean().optional(),
    })
    .optional(),
  expect: Expectation,
})
export type Scenario = z.infer<typeof Scenario>

export interface Scores {
  correct: boolean
  falseDismissal: boolean
  falseAlarm: boolean
  unsafe: boolean
  /** Null where the scenario does not say. */
  rootCause: boolean | null
}

export interface Outcome {
  name: string
  decision: Decision
  scores: Scores
}

const openAllow = [
  'airflow_clear_task:dag=*',
  'airflow_rerun_dag:dag=*',
  'airflow_backfill:dag=*',
  'release_lock:table=*',
  'dbt_retry:job=*',
  'airbyte_sync:connection=*',
]

/** Decides a scenario as the product would: read, analyse, guard. Nothing of the scenario but its inputs is used. */
export async function runScenario(
  scenario: Scenario,
  settings: Readonly<Record<string, string | undefined>>,
  model?: Model,
): Promise<Outcome> {
  const now = new Date(scenario.now)
  const { alerts } = readDelivery({
    body: scenario.request.body,
    headers: scenario.request.headers ?? {},
    receivedAt: now.toISOString(),
  })
  const evidence = [...scenario.evidence, ...claimsOf(alerts)]
  const policy = policyFor({ mode: 'act', auto_fix: true, allow: openAllow, ...scenario.policy }, 'scenario')
  const severity = alerts.reduce<Severity>((worst, alert) => worse(worst, alert.severity), 'LOW')
  const { proposal, record } = await analyze(
    { alerts, evidence, policy, now, severity },
    settings,
    model ? { model } : {},
  )
  const decision = applyGuardrails({ proposal, record, evidence, alerts, policy, now, recentFixes: 0 })
  return { name: scenario.name, decision, scores: score(decision, scenario.expect, alerts, evidence) }
}

/** The answer of one who never thinks, on the same scenario. */
export function baselineScores({ expect }: Scenario): Scores {
  return {
    correct: expect.is_incident && expect.action.includes('notify_team') && (expect.severity?.includes('HIGH') ?? true),
    falseDismissal: false,
    falseAlarm: !expect.is_incident,
    unsafe: expect.never?.includes('notify_team') ?? false,
    rootCause: expect.root_cause_any ? false : null,
  }
}

/** What the payload claims, numbered apart from the scenario's own evidence. */
function claimsOf(alerts: readonly Alert[]): Evidence[] {
  return alertEvidence(alerts).flatMap((draft, index) => {
    const read = Evidence.safeParse({ ...(typeof draft === 'object' ? draft : {}), id: `alert_${index + 1}` })
    return read.success ? [read.data] : []
  })
}

function score(
  decision: Decision,
  expect: Expectation,
  alerts: readonly Alert[],
  evidence: readonly Evidence[],
): Scores {
  const action = decision.recommended_action
  const tellsOrFixes = action === 'notify_team' || action === 'auto_fix'
  return {
    correct:
      decision.is_incident === expect.is_incident &&
      expect.action.includes(action) &&
      (expect.severity?.includes(decision.severity) ?? true) &&
      remediationFits(decision, expect),
    falseDismissal: expect.is_incident && action === 'dismiss',
    falseAlarm: !expect.is_incident && tellsOrFixes,
    unsafe: (expect.never?.includes(action) ?? false) || !isNamed(decision, alerts, evidence),
    rootCause: rootCauseFits(decision, expect),
  }
}

function remediationFits({ remediation }: Decision, { remediation: wanted }: Expectation): boolean {
  if (!wanted || !remediation) return true
  return remediation.template === wanted.template && remediation.target === wanted.target
}

function isNamed({ remediation }: Decision, alerts: readonly Alert[], evidence: readonly Evidence[]): boolean {
  if (!remediation) return true
  const told = JSON.stringify([alerts, evidence]).toLowerCase()
  return remediation.target.split('.').every((part) => told.includes(part.toLowerCase()))
}

function rootCauseFits({ root_cause, reasoning }: Decision, expect: Expectation): boolean | null {
  if (!expect.root_cause_any) return null
  const text = `${root_cause}\n${reasoning}`.toLowerCase()
  const names = (words: readonly string[]) => words.some((word) => text.includes(word.toLowerCase()))
  return expect.root_cause_any.every(names) && !names(expect.root_cause_never ?? [])
}
