import { deadlineOf } from '../../domain/catalog.ts'
import { builtOtherwise, type DbtChange, type DbtNode } from '../../domain/dbt.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { promisedNow, spellPromise } from '../../domain/promise.ts'
import { assetOf } from '../../domain/reading/asset.ts'
import { oneLine } from '../../domain/text.ts'
import type { Question } from '../connector.ts'
import { hoursOf, type RunResult, type SourceResult } from './results.ts'

/** Statuses of a model or a test that say something is wrong. */
export const troubled: ReadonlySet<string> = new Set(['fail', 'warn', 'error', 'runtime error', 'partial success'])

/** The compiled query is long; its condition stands at the end. */
const conditionKept = 800

interface Said {
  node: DbtNode
  result: RunResult
  at: string
}

/** What a test found, with its column, and the table that it looked at. */
export function testEvidence({ node, result, at }: Said, of: DbtNode | null): EvidenceDraft {
  const { status, failures, message, compiled_code: code } = result
  const on = [node.test?.column, of?.name].filter((part) => part != null).join(' of ')
  return {
    source: 'dbt',
    kind: 'dbt_test',
    asset: of?.name ?? node.name,
    observed_at: at,
    summary: `Test ${node.label}${on === '' ? '' : ` on ${on}`}: ${status}${rows(failures)}${reason(message)}.`,
    data: {
      unique_id: node.id,
      status,
      failures: failures ?? null,
      column: node.test?.column ?? null,
      message: message ?? null,
      severity: node.test?.severity ?? null,
      condition: code ? oneLine(code.slice(-4 * conditionKept), 4 * conditionKept).slice(-conditionKept) : null,
      table: of?.relation ?? null,
    },
  }
}

/** How a model's own build ended. */
export function modelEvidence({ node, result, at }: Said): EvidenceDraft {
  const { status, message, execution_time } = result
  return {
    source: 'dbt',
    kind: 'dbt_model',
    asset: node.name,
    observed_at: at,
    summary: `${node.kind} ${node.label}: ${status}${reason(message)}.`,
    data: {
      unique_id: node.id,
      status,
      message: message ?? null,
      execution_time_s: execution_time ?? null,
      owner: node.owner,
      table: node.relation,
    },
  }
}

export function freshnessEvidence(node: DbtNode, result: SourceResult, at: string): EvidenceDraft {
  const ageHours = result.max_loaded_at_time_ago_in_s == null ? null : result.max_loaded_at_time_ago_in_s / 3600
  const age = ageHours === null ? 'of unknown age' : `${ageHours.toFixed(1)} h old`
  return {
    source: 'dbt',
    kind: 'source_freshness',
    asset: node.name,
    observed_at: result.snapshotted_at ?? at,
    summary: `Source ${node.label} is ${age}: ${result.status}${reason(result.error)}.`,
    data: {
      source: node.name,
      age_hours: ageHours === null ? null : Math.round(ageHours * 100) / 100,
      warn_after_hours: hoursOf(result.criteria?.warn_after),
      error_after_hours: hoursOf(result.criteria?.error_after),
      status: result.status,
      last_loaded_at: result.max_loaded_at ?? null,
      table: node.relation,
    },
  }
}

/** More names than these say no more. */
const mostNames = 100

export function lineageEvidence(
  about: DbtNode,
  { up, down, exposures }: { up: readonly string[]; down: readonly string[]; exposures: readonly DbtNode[] },
  at: string,
): EvidenceDraft {
  const readers = exposures.map(({ label, owner, exposure }) => ({ label, owner, type: exposure?.type ?? 'exposure' }))
  const { dag } = about
  const otherwise = builtOtherwise(about)
  const built =
    otherwise.length === 0
      ? ''
      : ` As of ${about.built?.at} it is not what dbt declares: ${otherwise.slice(0, 5).join('; ')}.`
  const told = readers.slice(0, 3).map(({ label, owner }) => (owner ? `${label} of ${owner}` : label))
  return {
    source: 'dbt',
    kind: 'lineage',
    asset: about.name,
    observed_at: at,
    summary: `${about.label} is made from ${up.length} and feeds ${down.length}${told.length > 0 ? `, read by ${told.join(', ')}` : ''}${dag === null ? '' : `, built by the DAG ${oneLine(dag, 250)}`}.${built}`,
    data: {
      upstream: up.slice(0, mostNames),
      downstream: down.slice(0, mostNames),
      exposures: readers.map(({ label }) => label).slice(0, mostNames),
      exposure_owners: [...new Set(readers.flatMap(({ owner }) => owner ?? []))].slice(0, mostNames),
      ...(about.built === null ? {} : { columns: Object.keys(about.built.columns).length, columns_at: about.built.at }),
      ...(otherwise.length === 0 ? {} : { built_otherwise: otherwise.slice(0, mostNames) }),
      ...(dag === null ? {} : { built_by: dag, leads: [assetOf('dag', dag)] }),
    },
  }
}

/** Exposures beyond these are counted by the lineage. */
const mostExposures = 5

/**
 * What dbt's own files say of the business: of the node its owner, tier, promise and who reads it; of what reads it
 * whose it is and what it was promised.
 */
export function entryEvidence(about: DbtNode, exposures: readonly DbtNode[], question: Question): EvidenceDraft[] {
  const { owner, tier, sla } = about
  const isKnown = owner !== null || tier !== null || sla !== null || exposures.length > 0
  return [
    ...(isKnown ? [entryOf(about, exposures, question, null)] : []),
    ...exposures
      .filter((one) => one.owner !== null || one.sla !== null)
      .slice(0, mostExposures)
      .map((one) => entryOf(one, [], question, about)),
  ]
}

function entryOf(node: DbtNode, readers: readonly DbtNode[], { category, now }: Question, from: DbtNode | null) {
  const deadline = node.sla && deadlineOf({}, { sla: node.sla })
  const promised = promisedNow({ minutes: node.sla?.minutes, deadline }, category, now)
  const parts = [
    node.owner === null ? 'nobody is named as owner' : `owned by ${node.owner}`,
    ...(node.tier === null ? [] : [`tier ${node.tier}`]),
    ...spellPromise(promised, deadline),
  ]
  const draft: EvidenceDraft = {
    source: 'dbt',
    kind: 'catalog_entry',
    asset: node.name,
    observed_at: now.toISOString(),
    summary: `${node.label}${from === null ? '' : `, made from ${from.label},`} in dbt: ${parts.join(', ')}.`,
    data: {
      asset: node.name,
      owner: node.owner,
      tier: node.tier,
      channel: node.channel,
      consumers: readers.map(({ label }) => label).slice(0, mostNames),
      ...(node.sla === null ? {} : promised),
      ...(node.runbook === null ? {} : { runbook: node.runbook }),
      ...(from === null ? {} : { below: from.name }),
    },
  }
  return draft
}

export function changeEvidence(node: DbtNode, at: Date, change: DbtChange): EvidenceDraft {
  const when = at.toISOString()
  if (change.what === 'column') {
    const { column, before, after, of } = change
    const what = change.change.replace('_', ' ')
    const types = [before, after].filter((type) => type !== null).join(' → ')
    return {
      source: 'dbt',
      kind: 'schema_change',
      asset: node.name,
      observed_at: when,
      summary:
        of === 'built'
          ? `Column ${column} of ${node.label}, as it was built, was ${what}${types ? ` (${types})` : ''}, seen at ${when}.`
          : `dbt's declaration of ${node.label} changed: column ${column} ${what}.`,
      data: { table: node.name, change: change.change, column, before, after, by: null, at: when },
    }
  }
  const files = change.file === null ? [] : [change.file]
  return {
    source: 'dbt',
    kind: 'change',
    asset: node.name,
    observed_at: when,
    summary: `${node.label} ${change.what === 'removed' ? 'was removed from' : 'changed in'} the dbt project.`,
    data: { what: 'deploy', ref: `dbt:${node.id}`, by: null, at: when, files },
  }
}

function rows(failures: number | null | undefined): string {
  return failures == null || failures === 0 ? '' : `, ${failures} rows`
}

function reason(message: string | null | undefined): string {
  const line = oneLine(message ?? '', 200)
  return line === '' ? '' : ` (${line.replace(/\.$/, '')})`
}
