import type { Category } from './alert.ts'
import { blastRadius } from './blast-radius.ts'
import type { Action, Decision, Remediation, RemediationTemplate } from './decision.ts'
import { type Evidence, ofKind } from './evidence.ts'
import type { Occasion } from './message.ts'

/** What a next step may name. */
interface Situation {
  /** The asset, or `it` when the alert names none. */
  asset: string
  evidence: readonly Evidence[]
  incident: string
}

/** What a person does about each kind of trouble: the first thing that an experienced colleague would do. */
const byCategory: Record<Category, (situation: Situation) => string> = {
  schema_change: ({ asset, evidence }) => {
    const change = ofKind(evidence, 'schema_change')[0]?.data
    const author = change?.by ? `Ask ${change.by}` : 'Find out'
    const what = change?.column ? `${change.column} of ${change.table}` : asset
    return `${author} whether the change to ${what} was meant. If not, take it back; if so, adapt what reads it before the next run.`
  },
  freshness: ({ asset }) =>
    `Find the load that should have refreshed ${asset}: did it run, and did its source deliver? Then run it again.`,
  volume: ({ asset }) =>
    `Compare the last load of ${asset} with its source: are rows missing or doubled? Load it again once the source is right.`,
  data_quality: ({ asset }) =>
    `Look at the failing rows of ${asset}, and hold back what reads them until you know where they come from.`,
  pipeline_failure: ({ asset, evidence }) => {
    const failed = ofKind(evidence, 'task_failure')[0]?.data
    const task = failed ? `${failed.dag_id}.${failed.task_id}` : asset
    return `Read the log of ${task}, mend the cause, then clear the task so that the run goes on.`
  },
  pipeline_delay: ({ asset, evidence }) => {
    const stuck = ofKind(evidence, 'task_failure')[0]?.data
    const task = stuck ? `${stuck.dag_id}.${stuck.task_id}` : asset
    return `See what ${task} is waiting for. If it hangs, clear it; tell those who wait for it when to expect it.`
  },
  lock: ({ asset, evidence }) => {
    const lock = ofKind(evidence, 'lock')[0]?.data
    const holder = lock?.holder ?? 'whoever holds it'
    return `Ask ${holder} whether the lock on ${lock?.table ?? asset} can go. If nobody knows, end that session.`
  },
  resource: ({ asset }) =>
    `See what uses up ${asset} and whether it still grows. Stop it or add room before it is full.`,
  infrastructure: ({ asset }) => `Bring ${asset} back, then run again what failed in the meantime.`,
  access: ({ asset }) => `Have the credential or the right for ${asset} restored, then run again what it stopped.`,
  cost: ({ asset }) => `Find the queries or jobs behind the rise of ${asset}, and stop those that nobody needs.`,
  unknown: () => 'Read the alert, decide whether it is real, and say here who takes it.',
}

const fixes: Record<RemediationTemplate, (target: string) => string> = {
  airflow_clear_task: (target) => `The task ${target} is being cleared, so that it runs again`,
  airflow_rerun_dag: (target) => `The DAG ${target} is being run again`,
  airflow_backfill: (target) => `The missed runs of ${target} are being made up for`,
  release_lock: (target) => `The lock on ${target} is being released`,
  dbt_retry: (target) => `${target} is being retried in dbt`,
  airbyte_sync: (target) => `The Airbyte connection ${target} is being synced again`,
  manual_investigation: (target) => `${target} needs a person`,
  run_flow: (target) => `The flow ${target} is being run`,
}

/** Names who may answer and how. No address and no key: a chat client that opens what it sees changes nothing. */
function toApprove(
  incident: string,
  { template, target }: Remediation,
  { approvers, within_minutes }: NonNullable<Decision['approval']>,
  evidence: readonly Evidence[],
): string {
  return `${template} on ${target} waits for ${approvers.join(' or ')}: answer on its page in the console, or run “npm run approve -- ${incident}” or “npm run refuse -- ${incident}” within ${within_minutes} minutes. After that it counts as refused. Blast radius: ${blastRadius(evidence).join('; ')}.`
}

const byAction: Record<Action, (situation: Situation, decision: Decision) => string> = {
  dismiss: () => 'Nothing to do: this is no incident.',
  log_only: () => 'Nothing urgent: it is kept as a ticket of low priority.',
  notify_team: (situation, decision) => byCategory[decision.category](situation),
  auto_fix: (situation, decision) =>
    decision.remediation && decision.approval
      ? toApprove(situation.incident, decision.remediation, decision.approval, situation.evidence)
      : decision.remediation
        ? `Nothing to do yet. ${fixes[decision.remediation.template](decision.remediation.target)}; what comes of it follows here.`
        : byCategory[decision.category](situation),
}

/** What to do now, in one or two plain sentences. `category` speaks where nothing was decided. */
export function nextStep(
  occasion: Occasion,
  decision: Decision | null,
  category: Category,
  situation: Situation,
): string {
  const byHand = byCategory[decision?.category ?? category](situation)
  switch (occasion) {
    case 'decision':
      return decision ? byAction[decision.recommended_action](situation, decision) : byHand
    case 'raw':
      return `Have a look at ${situation.asset} already: the analysis has not finished. What it finds follows here.`
    case 'reminder':
      return `Nobody has mended it yet. ${byHand}`
    case 'acknowledged':
      return `Somebody has taken it on. ${byHand}`
    case 'escalated':
      return `A person is needed: what was tried did not help. ${byHand}`
    case 'fixed':
      return `Nothing to do: the fix was checked, and ${situation.asset} is well again.`
    case 'resolved':
      return 'Nothing to do: it is over.'
    case 'merged':
      return 'Nothing to do here: what caused it is worked on there.'
    case 'still_broken':
      return 'Look at what is left, the nearest promise first.'
    case 'reopened':
      return `It was kept from you before. ${byHand}`
    case 'digest':
      return 'Look at what is open, and whether what was kept from you is what it seems.'
  }
}
