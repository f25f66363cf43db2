import { openArtifacts } from '../../connectors/dbt/artifacts.ts'
import { readManifest } from '../../connectors/dbt/manifest.ts'

/** Reads the manifest in a folder as a task does, in a process of its own, and prints how long that took. */
const [folder = ''] = process.argv.slice(2)
const system = {
  name: 'dbt',
  kind: 'dbt',
  environment: null,
  aliases: [],
  limitMs: null,
  options: { folder },
  credentials: {},
}
const start = performance.now()
const { nodes } = readManifest(await openArtifacts(system, AbortSignal.timeout(60_000)).read('manifest.json'))
process.stdout.write(JSON.stringify({ ms: performance.now() - start, nodes: nodes.length }))
