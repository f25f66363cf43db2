import type { Asset, AssetKind } from '../alert.ts'
import { assetOf } from './asset.ts'
import type { Leaf } from './leaves.ts'

/** What the kinds of Kubernetes and of those who extend it are to a data team. */
const kinds: ReadonlyMap<string, AssetKind> = new Map([
  ...'job cronjob workflow cronworkflow pipelinerun taskrun sparkapplication'
    .split(' ')
    .map((kind) => [kind, 'job'] as const),
  ...'pod deployment statefulset daemonset replicaset persistentvolumeclaim service'
    .split(' ')
    .map((kind) => [kind, 'service'] as const),
  ['node', 'host'],
])

/** What Kubernetes puts behind the name of what it makes: five letters and digits of these, or the second it was due. */
const generated = /-(?:(?=\d*[a-z])(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}|1\d{9})$/

/**
 * The object that a body speaks of as Kubernetes does: `{kind: Job, name}`, `{kind: Workflow, metadata: {name}}`; null
 * when it speaks of none. One that was made from a template goes by the name that all of its kind have in common.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/
 */
export function kubernetesObject(leaves: readonly Leaf[]): Asset | null {
  for (const kind of leaves) {
    const asset = kind.key === 'kind' ? kinds.get(kind.text.toLowerCase()) : undefined
    if (asset === undefined) continue
    const beside = (key: string) =>
      leaves.find(
        (leaf) =>
          leaf.key === key && [at(kind), at(kind, 'metadata')].includes(leaf.parents.join('.')) && leaf.text !== '',
      )?.text
    const name = beside('generatename')?.replace(/-$/, '') ?? beside('name')
    if (name !== undefined) return assetOf(asset, templateName(name))
  }
  return null
}

/** The name without what was put behind it for one run. */
export function templateName(name: string): string {
  return name.replace(generated, '')
}

function at({ parents }: Leaf, ...below: string[]): string {
  return [...parents, ...below].join('.')
}
