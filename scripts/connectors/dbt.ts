import type { Asset } from '../domain/alert.ts'
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

const concerned: ReadonlySet<string> = new Set(['table', 'model', 'source', 'dashboard'])
/** A change longer ago is no news. */
const changesMs = 48 * 3_600_000
const mostTests = 20
const mostUpstream = 10

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
  shared: ({ asset, isLead }) => ({
    key: [asset?.kind ?? null, asset?.name ?? null, String(isLead ?? false)],
    seconds: 30,
  }),

  async gather(question, context) {
    const { asset, now } = question
    if (asset === null) return []
    const artifacts = openArtifacts(context.system, context.signal)
    const [book, origin, runs, sources] = await Promise.all([
      bookOf(context, artifacts),
      artifacts.origin(),
      readAs(artifacts, 'run_results.json', RunResults),
      readAs(artifacts, 'sources.json', SourceResults),
    ])
    const system = context.system.name
    const about = nodeOf(await book.named(system, namesIn(asset)), asset)
    // Not every table is dbt's.
    if (!about && !dbt.owns(asset)) return []
    if (!about) {
      throw new AppError(
        'E_ASSET_UNKNOWN',
        `dbt knows nothing called ${oneLine(asset.name, 250)}.`,
        'Check the name in the alert.',
      )
    }
    const { up, down } = await book.lineage(system, about.name)
    const around = [...(await book.named(system, [...up.keys()])), ...(await book.named(system, [...down.keys()]))]
    const byName = new Map(around.map((node) => [node.name, node]))
    const upstream = [...up.keys()].flatMap((name) => byName.get(name) ?? [])
    const downstream = [...down.keys()].flatMap((name) => byName.get(name) ?? [])
    const exposures = downstream.filter(({ kind }) => kind === 'exposure')
    const at = runs?.metadata.generated_at ?? now.toISOString()
    const lineage = {
      up: [...up.keys()],
      down: downstream.filter(({ kind }) => kind !== 'exposure').map(({ name }) => name),
      exposures,
    }
    const surroundings = question.isLead
      ? []
      : [lineageEvidence(about, lineage, at), ...entryEvidence(about, exposures, at)]
    return [
      ...(await runEvidence(book, system, about, upstream, runs, question)).map((draft) => from(origin, draft)),
      ...freshness([about, ...upstream], sources),
      ...(await changes(book, system, [about, ...upstream], now)),
      ...surroundings,
    ]
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
function from(origin: Awaited<ReturnType<Artifacts['origin']>>, draft: EvidenceDraft): EvidenceDraft {
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
