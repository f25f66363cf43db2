import type { Asset } from '../../domain/alert.ts'
import { type DbtNode, nodeNamed } from '../../domain/dbt.ts'
import { oneLine } from '../../domain/text.ts'
import { AppError } from '../../lib/errors.ts'
import { troubled } from './evidence.ts'
import type { Project } from './project.ts'
import { type RunResults, type SourceResults, saysNothing } from './results.ts'

/** Of what failed in a DAG's project, so much is looked into. */
const mostSubjects = 3

/** A node with what stands above and below it, nearest first. */
export interface Subject {
  node: DbtNode
  upstream: DbtNode[]
  downstream: DbtNode[]
  names: { up: string[]; down: string[] }
}

async function subjectFor({ book, system }: Project, node: DbtNode): Promise<Subject> {
  const { up, down } = await book.lineage(system, node.name)
  const names = { up: [...up.keys()], down: [...down.keys()] }
  const around = await Promise.all([book.named(system, names.up), book.named(system, names.down)])
  const byName = new Map(around.flat().map((one) => [one.name, one]))
  const known = (of: readonly string[]) => of.flatMap((name) => byName.get(name) ?? [])
  return { node, upstream: known(names.up), downstream: known(names.down), names }
}

/**
 * What an asset is in the project; null where it may well be no part of it.
 * @param isOwn whether nobody but dbt can know it
 * @throws AppError E_ASSET_UNKNOWN for such a one that it does not know
 */
export async function subjectNamed(project: Project, asset: Asset, isOwn: boolean): Promise<Subject | null> {
  const { book, system } = project
  const found = await book.named(system, namesIn(asset))
  const node = nodeOf(found, asset) ?? (await testedBy(project, found, asset))
  if (node) return subjectFor(project, node)
  if (!isOwn) return null
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
export async function subjectsOf(project: Project, dagId: string): Promise<Subject[]> {
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

export function troubledIds(runs: RunResults | null, sources: SourceResults | null): string[] {
  const results = [...(runs && !saysNothing(runs) ? runs.results : []), ...(sources?.results ?? [])]
  return results.flatMap(({ unique_id: id, status }) => (troubled.has(status) ? [id] : []))
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
