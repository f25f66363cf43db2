import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Sla } from '../../domain/catalog.ts'
import type { DbtNode, DbtProject } from '../../domain/dbt.ts'
import { AppError } from '../../lib/errors.ts'

/** Manifests of other versions name things differently. https://schemas.getdbt.com/dbt/manifest/v12.json */
const knownVersions = /\/manifest\/v1[12]\.json$/

const text = z.string().nullish().catch(null)
const meta = z.record(z.string(), z.unknown()).nullish().catch(null)
const owner = z
  .union([z.string(), z.object({ name: text, email: z.unknown().optional(), slack: text })])
  .nullish()
  .catch(null)

const Column = z.object({ name: z.string(), data_type: text }).catch({ name: '', data_type: null })

const Node = z.object({
  unique_id: z.string(),
  resource_type: z.string(),
  name: z.string(),
  source_name: text,
  relation_name: text,
  original_file_path: text,
  group: text,
  tags: z.array(z.string()).nullish().catch(null),
  meta,
  source_meta: meta,
  owner,
  label: text,
  type: text,
  url: text,
  config: z.object({ meta, severity: text }).nullish().catch(null),
  columns: z.record(z.string(), Column).nullish().catch(null),
  column_name: text,
  checksum: z.object({ checksum: z.string() }).nullish().catch(null),
  depends_on: z
    .object({ nodes: z.array(z.string()).nullish().catch(null) })
    .nullish()
    .catch(null),
})
type Node = z.infer<typeof Node>

const Manifest = z.object({
  metadata: z.object({
    dbt_schema_version: z.string(),
    generated_at: z.string(),
    invocation_id: text,
    project_name: text,
  }),
  nodes: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.unknown()).nullish(),
  exposures: z.record(z.string(), z.unknown()).nullish(),
  groups: z.record(z.string(), z.object({ name: text, owner }).catch({ name: null, owner: null })).nullish(),
})

/**
 * Reads a manifest (v12, and v11 before it): nodes with what feeds them, owners, tiers, declared columns.
 * @throws AppError E_HTTP_ANSWER for another version, or what is no manifest
 */
export function readManifest(document: unknown): DbtProject {
  const parsed = Manifest.safeParse(document)
  if (!parsed.success) {
    throw new AppError('E_HTTP_ANSWER', 'The manifest has a shape that is not known.', 'Run `dbt build` again.')
  }
  const { metadata, nodes, sources, exposures, groups } = parsed.data
  if (!knownVersions.test(metadata.dbt_schema_version)) {
    const number = Number(/\/manifest\/v(\d{1,4})\.json$/.exec(metadata.dbt_schema_version)?.[1])
    throw new AppError(
      'E_HTTP_ANSWER',
      `The manifest is of ${metadata.dbt_schema_version.slice(-60)}; known are versions 11 and 12.`,
      number > 12
        ? 'Its dbt is newer than this release knows: update DataIncidentManager, or run a dbt whose manifest is of version 12.'
        : 'Use dbt 1.7 or newer.',
    )
  }
  const owners = new Map(
    Object.values(groups ?? {}).flatMap((group) => (group.name ? [[group.name, ownerOf(group.owner)] as const] : [])),
  )
  const all = [...Object.values(nodes), ...Object.values(sources ?? {}), ...Object.values(exposures ?? {})]
  const read = all.flatMap((one) => {
    const node = Node.safeParse(one)
    return node.success ? [readNode(node.data, owners)] : []
  })
  const digest = createHash('sha256').update(`${metadata.invocation_id ?? ''}|${metadata.generated_at}|${read.length}`)
  return {
    name: metadata.project_name ?? '',
    version: digest.digest('hex').slice(0, 32),
    generatedAt: metadata.generated_at,
    nodes: read,
  }
}

const kinds: Record<string, DbtNode['kind']> = {
  model: 'model',
  seed: 'seed',
  snapshot: 'snapshot',
  source: 'source',
  test: 'test',
  unit_test: 'test',
  exposure: 'exposure',
}

function readNode(node: Node, owners: ReadonlyMap<string, Owner>): DbtNode {
  const kind = kinds[node.resource_type] ?? 'other'
  const tests = kind === 'test'
  const relation = tests ? null : relationOf(node.relation_name)
  const label = node.source_name ? `${node.source_name}.${node.name}` : node.name
  const facts = { ...node.source_meta, ...node.config?.meta, ...node.meta }
  const own = node.owner == null ? ownerOf(facts.owner) : ownerOf(node.owner)
  const group = node.group ? owners.get(node.group) : undefined
  return {
    id: node.unique_id,
    kind,
    name: (relation ?? label).toLowerCase(),
    label,
    relation,
    owner: own.name ?? group?.name ?? null,
    channel: textIn(facts, ['slack', 'channel', 'slack_channel']) ?? own.channel ?? group?.channel ?? null,
    tier: tierOf(facts.tier, node.tags ?? []),
    tags: (node.tags ?? []).slice(0, 50),
    sla: Sla.safeParse(facts.sla).data ?? null,
    runbook: textIn(facts, ['runbook', 'runbook_url']),
    dag: textIn(facts, ['dag_id', 'airflow_dag_id', 'dag', 'airflow_dag']),
    file: node.original_file_path ?? null,
    parents: node.depends_on?.nodes ?? [],
    columns: Object.fromEntries(
      Object.values(node.columns ?? {}).flatMap((one) =>
        one.name === '' ? [] : [[one.name.toLowerCase(), one.data_type ?? null]],
      ),
    ),
    built: null,
    checksum: node.checksum?.checksum ?? null,
    // `severity` is upper case by default, and as it was written else.
    test: tests
      ? {
          column: node.column_name ?? null,
          severity: node.config?.severity?.toLowerCase() === 'warn' ? 'warn' : 'error',
        }
      : null,
    exposure: kind === 'exposure' ? { type: node.type ?? 'exposure', url: node.url ?? null } : null,
  }
}

interface Owner {
  name: string | null
  channel: string | null
}

function ownerOf(value: unknown): Owner {
  const parsed = owner.safeParse(value)
  const found = parsed.success ? parsed.data : null
  if (found == null) return { name: null, channel: null }
  if (typeof found === 'string') return { name: found, channel: null }
  const address = z.union([z.string(), z.array(z.string()).transform(([first]) => first)]).safeParse(found.email)
  return { name: found.name ?? (address.success ? (address.data ?? null) : null), channel: found.slack ?? null }
}

function textIn(object: Readonly<Record<string, unknown>>, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = object[key]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
  }
  return null
}

function tierOf(said: unknown, tags: readonly string[]): number | null {
  const from = [said, ...tags.map((tag) => /^tier[-_ ]?([1-4])$/i.exec(tag)?.[1])]
  for (const value of from) {
    const tier = Number(value)
    if (value != null && [1, 2, 3, 4].includes(tier)) return tier
  }
  return null
}

/** `"shop"."main"."fct_revenue"` without its quotes; BigQuery's backticks as well. */
function relationOf(quoted: string | null | undefined): string | null {
  if (!quoted) return null
  const parts = quoted.match(/"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^."`[\]]+/g) ?? []
  const names = parts.map((part) => part.replace(/^["`[]|["`\]]$/g, '').replaceAll('""', '"'))
  return names.join('.') || null
}
