import type { DbtNode } from '../../domain/dbt.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import type { Question } from '../connector.ts'
import type { DbtLibrary } from '../gathering/library.ts'
import {
  changeEvidence,
  entryEvidence,
  freshnessEvidence,
  lineageEvidence,
  modelEvidence,
  testEvidence,
  troubled,
} from './evidence.ts'
import type { Project } from './project.ts'
import { type RunResults, type SourceResults, saysNothing } from './results.ts'
import type { Subject } from './subjects.ts'

/** A change longer ago is no news. */
const changesMs = 48 * 3_600_000
const mostTests = 20
const mostUpstream = 10

/** All that a project tells of a node: its last run, its freshness, what changed, what it is made from and feeds. */
export async function tellOf(project: Project, subject: Subject, question: Question): Promise<EvidenceDraft[]> {
  const { book, origin, system, runs, sources } = project
  const { node, upstream, downstream, names } = subject
  const exposures = downstream.filter(({ kind }) => kind === 'exposure')
  const at = runs?.metadata.generated_at ?? question.now.toISOString()
  const down = downstream.filter(({ kind }) => kind !== 'exposure').map(({ name }) => name)
  return [
    ...(await runEvidence(book, system, node, upstream, runs, question)).map((draft) => from(origin, draft)),
    ...freshness([node, ...upstream], sources),
    ...(await changes(book, system, [node, ...upstream], question.now)),
    lineageEvidence(node, { up: names.up, down, exposures }, at),
    ...entryEvidence(node, exposures, question),
  ]
}

/** Of the last run: the tests on it, its own build, and what failed first above it. */
async function runEvidence(
  book: DbtLibrary,
  system: string,
  about: DbtNode,
  upstream: readonly DbtNode[],
  runs: RunResults | null,
  question: Question,
): Promise<EvidenceDraft[]> {
  if (!runs || saysNothing(runs)) return []
  const at = runs.metadata.generated_at
  const results = new Map(runs.results.map((result) => [result.unique_id, result]))
  const near = [about, ...upstream]
  const byId = new Map(near.map((node) => [node.id, node]))
  const tests = await book.testsOf(
    system,
    near.map(({ id }) => id),
  )
  const alertText = question.alerts.map(({ title, description }) => `${title}\n${description}`).join('\n')
  const said = tests.flatMap((node) => {
    const result = results.get(node.id)
    if (!result) return []
    const of = node.parents.map((id) => byId.get(id)).find((one) => one !== undefined) ?? null
    const isOwn = node.parents.includes(about.id)
    const isMeant = alertText.includes(node.label)
    // That a test passed is told where the alert is about it; else what is wrong is enough.
    return troubled.has(result.status) || (isOwn && isMeant) ? [{ node, result, at, of, isOwn, isMeant }] : []
  })
  const ordered = said.toSorted((a, b) => rank(b) - rank(a)).slice(0, mostTests)
  const built = near.flatMap((node) => {
    const result = results.get(node.id)
    return result && (node === about || troubled.has(result.status)) ? [{ node, result, at }] : []
  })
  return [...ordered.map((one) => testEvidence(one, one.of)), ...built.slice(0, 1 + mostUpstream).map(modelEvidence)]
}

/** A model's build says which run it was of: a retry is of that one. */
function from(origin: Project['origin'], draft: EvidenceDraft): EvidenceDraft {
  return origin && draft.kind === 'dbt_model' ? { ...draft, data: { ...draft.data, ...origin } } : draft
}

function rank({ isOwn, isMeant }: { isOwn: boolean; isMeant: boolean }): number {
  return (isMeant ? 2 : 0) + (isOwn ? 1 : 0)
}

/** Of the node itself, and of the sources above it that are late. */
function freshness(near: readonly DbtNode[], sources: SourceResults | null): EvidenceDraft[] {
  if (!sources) return []
  const results = new Map(sources.results.map((result) => [result.unique_id, result]))
  return near.flatMap((node, index) => {
    const result = results.get(node.id)
    const tells = result && (index === 0 || troubled.has(result.status))
    return tells ? [freshnessEvidence(node, result, sources.metadata.generated_at)] : []
  })
}

async function changes(
  book: DbtLibrary,
  system: string,
  near: readonly DbtNode[],
  now: Date,
): Promise<EvidenceDraft[]> {
  const byId = new Map(near.map((node) => [node.id, node]))
  const found = await book.changesOf(system, [...byId.keys()], new Date(now.getTime() - changesMs))
  return found.flatMap(({ id, at, change }) => {
    const node = byId.get(id)
    return node ? [changeEvidence(node, at, change)] : []
  })
}
