import type { Finding } from '../../domain/catalog-draft.ts'
import type { DbtNode } from '../../domain/dbt.ts'
import { assetOf } from '../../domain/reading/asset.ts'
import type { Survey } from '../connector.ts'
import { openArtifacts } from './artifacts.ts'
import { readManifest } from './manifest.ts'
import { absent } from './project.ts'

/** What its exposures read, and what groups, meta or tags say something of; not every model of a project. */
export const dbtSurvey: Survey = {
  kinds: ['dbt', 'dbt_cloud'],
  async survey({ system, signal }) {
    const manifest = await openArtifacts(system, signal).read('manifest.json')
    const { nodes } = readManifest(manifest ?? absent())
    const readers = new Map<string, string[]>()
    for (const { kind, label, parents } of nodes) {
      if (kind !== 'exposure') continue
      for (const parent of parents) readers.set(parent, [...(readers.get(parent) ?? []), label])
    }
    return nodes.flatMap((node) => findingOf(node, readers.get(node.id) ?? [], system.name))
  },
}

function findingOf(node: DbtNode, readers: readonly string[], system: string): Finding[] {
  const { kind, owner, tier, channel, sla, runbook, dag, relation, label } = node
  const isExposure = kind === 'exposure'
  const isSaid = owner !== null || tier !== null || sla !== null
  const isTable = relation !== null && (kind === 'model' || kind === 'source' || kind === 'seed' || kind === 'snapshot')
  if (!isExposure && !(isTable && (readers.length > 0 || isSaid))) return []
  const asset = isExposure ? assetOf('dashboard', label) : assetOf('table', relation ?? label)
  if (!asset) return []
  const says: Finding['says'] = {
    ...(owner === null ? {} : { owner }),
    ...(tier === null ? {} : { tier }),
    ...(channel === null ? {} : { channel }),
    ...(dag === null ? {} : { dag }),
    ...(sla === null ? {} : { sla }),
    ...(runbook !== null && /^https?:/.test(runbook) && URL.canParse(runbook) ? { runbook } : {}),
    ...(readers.length > 0 ? { consumers: [...readers] } : {}),
  }
  const what = isExposure ? `exposure ${label}` : `${kind} ${label}`
  return [{ asset, says, because: `${system}: ${what}${readers.length > 0 ? `, read by ${readers.length}` : ''}` }]
}
