import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Catalog, type CatalogAsset, deadlineOf } from '../domain/catalog.ts'
import { findCatalogAsset } from '../domain/catalog-lookup.ts'
import { nextDeadline, spellDeadline } from '../domain/sla.ts'
import type { Settings } from '../lib/config.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { planAction } from '../store/actions.ts'
import { type BrokenAsset, brokenAssets } from '../store/conditions.ts'
import type { Store } from '../store/connection.ts'
import { endOutage } from '../store/platforms.ts'
import { loadKnown, messagesTo } from './messages.ts'

/** More lines than this nobody reads; the rest is counted. */
const mostLines = 15

/**
 * A platform is back: one message lists what on it is still broken, the nearest promise first. `lasts` when its system
 * does not answer yet.
 */
export async function tellStillBroken(store: Store, id: string, settings: Settings): Promise<{ lasts: boolean }> {
  const catalog = await readCatalog(settings)
  return store.transaction(async (query) => {
    if ((await endOutage(query, id)) === 'lasts') return { lasts: true }
    const known = await loadKnown(query, id)
    const broken = await brokenAssets(query, id)
    if (known.incident.closed_at || broken.length === 0) return { lasts: false }
    const what = describeBroken(broken, catalog, new Date())
    for (const action of await messagesTo(settings, known, { occasion: 'still_broken', what }))
      await planAction(query, id, known.incident.revision, action)
    return { lasts: false }
  })
}

/** One line an asset: by deadline, then by tier, then by name. */
export function describeBroken(broken: readonly BrokenAsset[], catalog: Catalog | null, now: Date): string {
  const lines = broken
    .map(({ asset, environment, title }) =>
      lineOf(title, catalog && asset && findCatalogAsset(catalog, asset, environment), catalog, now),
    )
    .sort((a, b) => a.due - b.due || a.tier - b.tier || (a.text < b.text ? -1 : 1))
    .map(({ text }) => `• ${text}`)
  const rest = lines.length - mostLines
  return [
    'The platform is back. Still broken:',
    ...lines.slice(0, mostLines),
    ...(rest > 0 ? [`… and ${rest} more`] : []),
  ].join('\n')
}

function lineOf(title: string, entry: CatalogAsset | null, catalog: Catalog | null, now: Date) {
  const promise = entry && catalog && deadlineOf(catalog, entry)
  const due = promise && nextDeadline(now, promise)
  const said = [
    due && promise ? `promised by ${spellDeadline(promise)}` : null,
    entry ? `tier ${entry.tier}` : null,
  ].filter(Boolean)
  return {
    due: due?.getTime() ?? Number.MAX_SAFE_INTEGER,
    tier: entry?.tier ?? 5,
    text: said.length > 0 ? `${title} (${said.join(', ')})` : title,
  }
}

/** Without a catalogue that can be read, the list has no promises: it is told all the same. */
async function readCatalog({ DIM_CONFIG_DIR: folder }: Settings): Promise<Catalog | null> {
  const path = folder ? join(folder, 'catalog.yaml') : null
  if (!path || !existsSync(path)) return null
  return readYamlFile(path, Catalog).catch(() => null)
}
