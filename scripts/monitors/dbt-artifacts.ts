import { z } from 'zod'
import { parseFitting } from './bodies.ts'

/** What a node's last run was: the words of `run_results.json`, and those of `sources.json`. What is skipped tells nothing. */
const outcomes = {
  error: { status: 'failed', severity: 'high', said: 'failed' },
  fail: { status: 'failed', severity: 'high', said: 'failed' },
  'runtime error': { status: 'failed', severity: 'high', said: 'failed' },
  'partial success': { status: 'failed', severity: 'high', said: 'succeeded in part only' },
  warn: { status: 'failed', severity: 'medium', said: 'warned' },
  pass: { status: 'resolved', severity: 'medium', said: 'passed' },
  success: { status: 'resolved', severity: 'medium', said: 'succeeded' },
} as const
type Outcome = (typeof outcomes)[keyof typeof outcomes]

const text = z.string().nullish().catch(null)
const Artifact = z.looseObject({
  metadata: z.looseObject({
    dbt_schema_version: z.string().regex(/\/(?:run-results|sources)\/v\d+\.json$/),
    generated_at: text,
    invocation_id: text,
  }),
  args: z.looseObject({ which: text, target: text }).nullish().catch(null),
  results: z.array(
    z.looseObject({ unique_id: z.string(), status: z.string(), relation_name: text, message: text, error: text }),
  ),
})
type Result = z.infer<typeof Artifact>['results'][number]

/**
 * The nodes of dbt's `run_results.json` or `sources.json` as bodies of the plain shape, in which reconcile tells of the
 * same failures; undefined for any other body. While something fails only that is told: else a project would tell of
 * each of its thousand nodes every hour. https://docs.getdbt.com/reference/artifacts/run-results-json
 */
export function nodesOf(body: unknown): unknown[] | undefined {
  const artifact = parseFitting(Artifact, body)
  if (artifact === undefined) return undefined
  // `dbt docs generate` and `dbt compile` write rows that all say success and ran nothing.
  if (/^(?:generate|compile|list|parse)$/.test(artifact.args?.which ?? '')) return []
  const told = artifact.results.flatMap((result) => {
    const outcome = outcomeOf(result.status)
    return outcome === undefined ? [] : [{ result, outcome }]
  })
  const failed = told.filter(({ outcome }) => outcome.status === 'failed')
  const built = artifact.results.filter(({ unique_id }) => !unique_id.startsWith('test.'))
  return (failed.length > 0 ? failed : told).map(({ result, outcome }) => {
    const { metadata, args } = artifact
    return {
      ...nodeOf(result, outcome, built),
      ...(args?.target ? { environment: args.target } : {}),
      started_at: metadata.generated_at,
      run_id: metadata.invocation_id ?? metadata.generated_at,
    }
  })
}

function outcomeOf(status: string): Outcome | undefined {
  const word = Object.entries(outcomes).find(([name]) => name === status.toLowerCase())
  return word?.[1]
}

function nodeOf(result: Result, { status, severity, said }: Outcome, built: readonly Result[]) {
  const { unique_id: id, relation_name, message, error } = result
  const [kind = 'node', , ...names] = id.split('.')
  // A test's last part is a digest.
  const name = (kind === 'test' ? names[0] : names.join('.')) ?? id
  const about = kind === 'test' ? testedBy(name, built) : result
  const table = about?.relation_name ?? (kind === 'test' ? null : relation_name)
  return {
    source: 'dbt',
    check: id,
    title: `dbt ${kind} ${name} ${said}`,
    status,
    severity,
    description: message ?? error ?? '',
    ...(table ? { table } : { model_unique_id: about?.unique_id ?? id }),
  }
}

/** A generic test is called after its model (`unique_orders_order_id`): the longest name of those that were built with it. */
function testedBy(test: string, built: readonly Result[]): Result | undefined {
  const named = built.filter(({ unique_id }) => `_${test}_`.includes(`_${lastOf(unique_id)}_`))
  return named.toSorted((a, b) => lastOf(b.unique_id).length - lastOf(a.unique_id).length)[0]
}

function lastOf(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1)
}
