import { z } from 'zod'
import { Sla } from './catalog.ts'
import { canonicalEdges, type LineageEdge, lineageName } from './lineage.ts'

/** A node of a dbt project: what the product needs to know of it, and no more. */
export const DbtNode = z.object({
  /** `model.shop.fct_revenue`. */
  id: z.string(),
  kind: z.enum(['model', 'seed', 'snapshot', 'source', 'test', 'exposure', 'other']),
  /** As lineage and alerts know it: `db.schema.table`, lower case, for what has a relation; else its own name. */
  name: z.string(),
  /** `fct_revenue`, or `raw.orders` for a source. */
  label: z.string(),
  /** The table or view in the warehouse's own spelling; null for what has none. */
  relation: z.string().nullable(),
  owner: z.string().nullable(),
  channel: z.string().nullable(),
  /** 1 … 4, by a `tier` in meta or a tag `tier1`. */
  tier: z.number().int().min(1).max(4).nullable(),
  tags: z.array(z.string()),
  /** The DAG that builds it, by `dag_id` in meta, as Airflow spells it. Unknown for what an earlier release kept. */
  dag: z.string().nullable().default(null),
  /** By when it is promised, by `sla` in meta. */
  sla: Sla.nullable().default(null),
  runbook: z.string().nullable().default(null),
  file: z.string().nullable(),
  /** What it is made from, by id. */
  parents: z.array(z.string()),
  /** Declared columns with their types. */
  columns: z.record(z.string(), z.string().nullable()),
  /** Columns with their types as the warehouse had them when dbt last asked it; null where it has not. */
  built: z
    .object({ at: z.string(), columns: z.record(z.string(), z.string()) })
    .nullable()
    .default(null),
  /** Of its code. */
  checksum: z.string().nullable(),
  /** Of a test: the column it looks at, and whether it fails or warns. */
  test: z.object({ column: z.string().nullable(), severity: z.enum(['error', 'warn']) }).nullable(),
  /** Of an exposure: what it is (`dashboard`), and where. */
  exposure: z.object({ type: z.string(), url: z.string().nullable() }).nullable(),
})
export type DbtNode = z.infer<typeof DbtNode>

/** A whole project, as one manifest tells it. */
export interface DbtProject {
  name: string
  /** The same for the same manifest. */
  version: string
  generatedAt: string
  nodes: DbtNode[]
}

/** What became of a node between two manifests. */
export const DbtChange = z.discriminatedUnion('what', [
  z.object({ what: z.literal('code'), file: z.string().nullable() }),
  z.object({ what: z.literal('removed'), file: z.string().nullable() }),
  z.object({
    what: z.literal('column'),
    /** Of what is declared, or of what was built. */
    of: z.literal('built').optional(),
    change: z.enum(['added', 'dropped', 'type_changed']),
    column: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
  }),
])
export type DbtChange = z.infer<typeof DbtChange>

/** A run's tests are no part of what flows where. */
const flowing: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot', 'source', 'exposure'])

/** Which asset feeds which, by the names that alerts use. */
export function dbtLineage({ nodes }: DbtProject): LineageEdge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  return canonicalEdges(
    nodes.flatMap((node) =>
      flowing.has(node.kind)
        ? node.parents.flatMap((id) => {
            const parent = byId.get(id)
            return parent && flowing.has(parent.kind) ? [{ upstream: parent.name, downstream: node.name }] : []
          })
        : [],
    ),
  )
}

/** What differs between a node as it was kept and as it is. */
export function dbtChanges(before: DbtNode, after: DbtNode | null): DbtChange[] {
  if (after === null) return [{ what: 'removed', file: before.file }]
  const changes: DbtChange[] = []
  if (before.checksum !== null && after.checksum !== null && before.checksum !== after.checksum) {
    changes.push({ what: 'code', file: after.file })
  }
  changes.push(...columnChanges(before.columns, after.columns))
  if (before.built && after.built) {
    const built = columnChanges(before.built.columns, after.built.columns)
    changes.push(...built.map((one) => ({ ...one, of: 'built' as const })))
  }
  return changes
}

type Columns = Readonly<Record<string, string | null>>

function columnChanges(before: Columns, after: Columns) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((column) => {
    const [was, is] = [before[column], after[column]]
    if (was === is) return []
    const change = was === undefined ? 'added' : is === undefined ? 'dropped' : 'type_changed'
    return [{ what: 'column', change, column, before: was ?? null, after: is ?? null } as const]
  })
}

/** Types that warehouses call differently and mean alike. */
const families: readonly RegExp[] = [
  /^(?:n?varchar2?|n?char|character|character varying|bpchar|text|string)$/,
  /^(?:(?:tiny|small|big|huge)?int\d{0,2}|integer|byteint|number|numeric|bignumeric|decimal)$/,
  /^(?:float\d{0,2}|real|double|double precision)$/,
  /^bool(?:ean)?$/,
  /^date$/,
  /^(?:timestamp|datetime)/,
  /^(?:jsonb?|variant|super)$/,
]

/** What a node declares and was not built so, in words: a column that is missing, or of another kind of type. */
export function builtOtherwise({ columns, built }: Pick<DbtNode, 'columns' | 'built'>): string[] {
  if (built === null || Object.keys(built.columns).length === 0) return []
  return Object.entries(columns).flatMap(([column, declared]) => {
    const is = built.columns[column]
    if (is === undefined) return [`${column} is declared and not there`]
    const [wanted, found] = [familyOf(declared ?? ''), familyOf(is)]
    return wanted < 0 || found < 0 || wanted === found ? [] : [`${column} is ${is} and declared as ${declared}`]
  })
}

function familyOf(type: string): number {
  const name = type.toLowerCase().replace(/\(.*$/, '').trim()
  return families.findIndex((family) => family.test(name))
}

/**
 * The node that a name means: its unique id, its relation, the end of its relation (`schema.table`), or its own name.
 * Null when several could be meant.
 */
export function nodeNamed(nodes: readonly DbtNode[], name: string): DbtNode | null {
  const wanted = lineageName(name)
  const ways: ((node: DbtNode) => boolean)[] = [
    (node) => node.id.toLowerCase() === wanted,
    (node) => node.name === wanted,
    (node) => node.name.endsWith(`.${wanted}`) && wanted.includes('.'),
    (node) => node.label.toLowerCase() === wanted || lastPart(node) === wanted,
  ]
  for (const means of ways) {
    const found = nodes.filter(means)
    if (found.length > 0) return found.length === 1 ? (found[0] ?? null) : null
  }
  return null
}

/** By what a node may be looked up: everything that `nodeNamed` compares. */
export function namesOf(node: DbtNode): string[] {
  const parts = node.name.split('.')
  const ends = parts.map((_, index) => parts.slice(index).join('.'))
  return [...new Set([node.id.toLowerCase(), node.label.toLowerCase(), lastPart(node), ...ends])]
}

function lastPart({ kind, name, label }: DbtNode): string {
  return kind === 'test' || kind === 'exposure' ? label.toLowerCase() : name.slice(name.lastIndexOf('.') + 1)
}
