import { type Asset, dagIdOf } from '../domain/alert.ts'
import { type DbtNode, nodeNamed } from '../domain/dbt.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { oneLine } from '../domain/text.ts'
import { AppError } from '../lib/errors.ts'
import type { Connector, ConnectorContext, Question } from './connector.ts'
import { type Artifacts, DbtPlace, openArtifacts } from './dbt/artifacts.ts'
import { DbtCloud } from './dbt/cloud.ts'
import {
  changeEvidence,
  entryEvidence,
  freshnessEvidence,
  lineageEvidence,
  modelEvidence,
  testEvidence,
  troubled,
} from './dbt/evidence.ts'
import { readManifest } from './dbt/manifest.ts'
import { RunResults, SourceResults, saysNothing } from './dbt/results.ts'
import { type DbtLibrary, libraryOf } from './gathering/library.ts'

const concerned: ReadonlySet<string> = new Set(['table', 'model', 'source', 'dashboard', 'dag', 'task'])
/** A change longer ago is no news. */
const changesMs = 48 * 3_600_000
const mostTests = 20
const mostUpstream = 10
/** Of what failed in a DAG's project, so much is looked into. */
const mostSubjects = 3

/** dbt: what its artifacts say of models, tests, freshness, lineage and owners. */
export const dbt: Connector = {
  name: 'dbt',
  kinds: { dbt: DbtPlace, dbt_cloud: DbtCloud },
  settings: ['DBT_ARTIFACTS', 'DBT_ARTIFACTS_TOKEN'],
  fromSettings({ DBT_ARTIFACTS: place, DBT_ARTIFACTS_TOKEN: token }) {
    if (!place) return null
    const options = /^https?:\/\//i.test(place) ? { url: place } : { folder: place }
    return { kind: 'dbt', options, credentials: token ? { token } : {} }
  },
  topics: ['models'],
  concerns: ({ asset }) => asset !== null && concerned.has(asset.kind),
  owns: ({ kind }) => kind === 'model' || kind === 'source',
  shared: ({ asset, category }) => ({ key: [asset?.kind ?? null, asset?.name ?? null, category], seconds: 30 }),

  async gather(question, context) {
    const { asset } = question
    if (asset === null) return []
    const artifacts = openArtifacts(context.system, context.signal)
    const results = Promise.all([
      readAs(artifacts, 'run_results.json', RunResults),
      readAs(artifacts, 'sources.json', SourceResults),
    ])
    const dagId = dagIdOf(asset)
    const [runs, sources] = dagId === null ? [null, null] : await results
    // Most DAGs run no dbt: without anything that failed, its project need not be known.
    if (dagId !== null && troubledIds(runs, sources).length === 0) return []
    const [book, origin, [ranLast, freshLast]] = await Promise.all([
      bookOf(context, artifacts),
      artifacts.origin(),
      results,
    ])
    const project: Project = { book, origin, system: context.system.name, runs: ranLast, sources: freshLast }
    const subjects = dagId === null ? [await subjectNamed(project, asset)] : await subjectsOf(project, dagId)
    const told = await Promise.all(subjects.map((one) => (one ? tell(project, one, question) : [])))
    return told.flat()
  },

  async check(context) {
    const artifacts = openArtifacts(context.system, context.signal)
    const runs = await readAs(artifacts, 'run_results.json', RunResults)
    const missing = runs === null ? ['run_results.json is not there: has dbt run?'] : []
    const manifest = await artifacts.read('manifest.json')
    if (manifest === null) return { version: null, missingRights: ['manifest.json is not there', ...missing] }
    const project = readManifest(manifest)
    return { version: `${project.name} of ${project.generatedAt}`, missingRights: missing }
  },
}

/** What is known of a project: its nodes, and how its last run and its last look at sources ended. */
interface Project {
  book: DbtLibrary
  /** Of which job's run the artifacts are, where that is known. */
  origin: Awaited<ReturnType<Artifacts['origin']>>
  system: string
  runs: RunResults | null
  sources: SourceResults | null
}

/** A node with what stands above and below it, nearest first. */
interface Subject {
  node: DbtNode
  upstream: DbtNode[]
  downstream: DbtNode[]
  names: { up: string[]; down: string[] }
}

async function tell(project: Project, subject: Subject, question: Question): Promise<EvidenceDraft[]> {
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

async function subjectFor({ book, system }: Project, node: DbtNode): Promise<Subject> {
  const { up, down } = await book.lineage(system, node.name)
  const names = { up: [...up.keys()], down: [...down.keys()] }
  const around = await Promise.all([book.named(system, names.up), book.named(system, names.down)])
  const byName = new Map(around.flat().map((one) => [one.name, one]))
  const known = (of: readonly string[]) => of.flatMap((name) => byName.get(name) ?? [])
  return { node, upstream: known(names.up), downstream: known(names.down), names }
}

/** Null for a table that is not dbt's. @throws AppError E_ASSET_UNKNOWN for a model or a source that it does not know */
async function subjectNamed(project: Project, asset: Asset): Promise<Subject | null> {
  const { book, system } = project
  const found = await book.named(system, namesIn(asset))
  const node = nodeOf(found, asset) ?? (await testedBy(project, found, asset))
  if (node) return subjectFor(project, node)
  if (!dbt.owns(asset)) return null
  throw new AppError(
    'E_ASSET_UNKNOWN',
    `dbt knows nothing called ${oneLine(asset.name, 250)}.`,
    'Check the name in the alert.',
  )
}

/** What a test of this name looks at: a log names the test, and not its table. */
async function testedBy({ book, system }: Project, found: readonly DbtNode[], asset: Asset): Promise<DbtNode | null> {
  const test = nodeNamed(
    found.filter(({ kind }) => kind === 'test'),
    asset.name,
  )
  if (asset.kind !== 'model' || !test) return null
  return (await book.nodes(system, test.parents))[0] ?? null
}

/**
 * What failed in the last run, in or above what a DAG builds: the models themselves, and what a failed test looks at.
 * What the DAG builds itself comes first.
 */
async function subjectsOf(project: Project, dagId: string): Promise<Subject[]> {
  const { book, system, runs, sources } = project
  const failed = await book.nodes(system, troubledIds(runs, sources))
  const tested = await book.nodes(
    system,
    failed.flatMap(({ kind, parents }) => (kind === 'test' ? parents : [])),
  )
  const nodes = new Map([...tested, ...failed.filter(({ kind }) => kind !== 'test')].map((node) => [node.id, node]))
  const all = await Promise.all([...nodes.values()].slice(0, 10 * mostSubjects).map((one) => subjectFor(project, one)))
  const isOwn = ({ node }: Subject) => node.dag === dagId
  return all
    .filter((one) => isOwn(one) || one.downstream.some(({ dag }) => dag === dagId))
    .toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)))
    .slice(0, mostSubjects)
}

function troubledIds(runs: RunResults | null, sources: SourceResults | null): string[] {
  const results = [...(runs && !saysNothing(runs) ? runs.results : []), ...(sources?.results ?? [])]
  return results.flatMap(({ unique_id: id, status }) => (troubled.has(status) ? [id] : []))
}

/** The project as it was kept; read anew where it was not. @throws AppError E_HTTP_ANSWER without a manifest */
async function bookOf({ library, system }: ConnectorContext, artifacts: Artifacts): Promise<DbtLibrary> {
  if (await library.dbt.has(system.name)) return library.dbt
  const manifest = await artifacts.read('manifest.json')
  if (manifest !== null) return libraryOf(readManifest(manifest))
  throw new AppError(
    'E_HTTP_ANSWER',
    'There is no manifest.json.',
    'Run dbt there, or correct where its artifacts lie.',
  )
}

/** Null when the file is missing. @throws AppError E_HTTP_ANSWER when it is another thing than its name says */
async function readAs<T>(
  artifacts: Artifacts,
  file: 'run_results.json' | 'sources.json',
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
): Promise<T | null> {
  const document = await artifacts.read(file)
  if (document === null) return null
  const parsed = schema.safeParse(document)
  if (parsed.success && parsed.data !== undefined) return parsed.data
  throw new AppError('E_HTTP_ANSWER', `${file} has a shape that is not known.`, 'Use dbt 1.7 or newer.')
}

/** As the alert spells it, and by the id that a model's alert may carry. */
function namesIn({ name, native }: Asset): string[] {
  return [name, ...Object.values(native ?? {})]
}

function nodeOf(found: readonly DbtNode[], asset: Asset): DbtNode | null {
  for (const name of namesIn(asset)) {
    const node = nodeNamed(
      found.filter(({ kind }) => kind !== 'test' && kind !== 'other'),
      name,
    )
    if (node) return node
  }
  return null
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
