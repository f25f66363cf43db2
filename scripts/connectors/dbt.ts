import { dagIdOf } from '../domain/alert.ts'
import type { Connector } from './connector.ts'
import { DbtPlace, openArtifacts } from './dbt/artifacts.ts'
import { catalogFault } from './dbt/built.ts'
import { DbtCloud } from './dbt/cloud.ts'
import { readManifest } from './dbt/manifest.ts'
import { absent, bookOf, type Project, readAs } from './dbt/project.ts'
import { RunResults, SourceResults } from './dbt/results.ts'
import { subjectNamed, subjectsOf, troubledIds } from './dbt/subjects.ts'
import { tellOf } from './dbt/telling.ts'

const concerned: ReadonlySet<string> = new Set(['table', 'model', 'source', 'dashboard', 'dag', 'task'])

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
    const subjects =
      dagId === null ? [await subjectNamed(project, asset, dbt.owns(asset))] : await subjectsOf(project, dagId)
    const told = await Promise.all(subjects.map((one) => (one ? tellOf(project, one, question) : [])))
    return told.flat()
  },

  async check(context) {
    const artifacts = openArtifacts(context.system, context.signal)
    const runs = await readAs(artifacts, 'run_results.json', RunResults)
    const missing = runs === null ? ['run_results.json is not there: has dbt run?'] : []
    const manifest = await artifacts.read('manifest.json')
    const project = readManifest(manifest ?? absent())
    const broken = await catalogFault(artifacts)
    const missingRights = [...missing, ...(broken === null ? [] : [broken])]
    return { version: `${project.name} of ${project.generatedAt}`, missingRights }
  },
}
