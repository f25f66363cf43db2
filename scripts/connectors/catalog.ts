import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Alert, Category } from '../domain/alert.ts'
import { Catalog, type CatalogAsset } from '../domain/catalog.ts'
import { expectedLoad, findCatalogAsset, maintenanceAt } from '../domain/catalog-lookup.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { nearestDeadline, nextDeadline } from '../domain/sla.ts'
import type { System } from '../domain/system.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import type { Connector } from './connector.ts'

/** What the team wrote down about its own world: `catalog.yaml` in the folder DIM_CONFIG_DIR. */
export const catalog: Connector = {
  name: 'catalog',
  kinds: {},
  settings: ['DIM_CONFIG_DIR'],
  fromSettings(settings) {
    const file = fileOf(settings)
    return file ? { kind: 'catalog', options: { file }, credentials: {} } : null
  },
  topics: ['business'],
  concerns: ({ asset }) => asset !== null,
  owns: () => false,
  // A file on this machine: nothing is gained by sharing.
  shared: () => null,

  async gather({ asset, category, environment, alerts, now }, { system }) {
    if (!asset) return []
    const contents = await contentsOf(system)
    const entry = findCatalogAsset(contents, asset, environment)
    const windows = maintenanceAt(contents, asset, now)
    return [
      ...(entry ? [entryEvidence(entry, category, now), ...expectedEvidence(entry, alerts, now)] : []),
      ...windows.map((window) => maintenanceEvidence(window, now)),
    ]
  },

  async check({ system }) {
    const { assets } = await contentsOf(system)
    return { version: `${assets.length} assets`, missingRights: [] }
  },
}

const Options = z.object({ file: z.string() })

function contentsOf({ options }: System): Promise<Catalog> {
  return readYamlFile(Options.parse(options).file, Catalog)
}

function fileOf(settings: Readonly<Record<string, string | undefined>>): string | null {
  const file = settings.DIM_CONFIG_DIR ? join(settings.DIM_CONFIG_DIR, 'catalog.yaml') : null
  return file && existsSync(file) ? file : null
}

/** Trouble that says that something has not come: with it a deadline just past is one missed, else one long met. */
const aboutTime: ReadonlySet<Category> = new Set(['freshness', 'pipeline_delay', 'pipeline_failure', 'volume', 'lock'])

function entryEvidence(entry: CatalogAsset, category: Category, now: Date): EvidenceDraft {
  const { sla } = entry
  const find = aboutTime.has(category) ? nearestDeadline : nextDeadline
  const deadline = sla?.deadline ? find(now, sla.deadline, sla.zone ?? 'UTC') : null
  const consumers = entry.consumers ?? []
  const parts = [
    `tier ${entry.tier}`,
    entry.owner ? `owned by ${entry.owner}` : null,
    sla?.minutes ? `promised within ${sla.minutes} min` : null,
    deadline ? `promised by ${sla?.deadline} ${sla?.zone ?? 'UTC'}` : null,
    // Said only when the team wrote it down: an absent list is not an empty one.
    entry.consumers ? `read by ${consumers.length === 0 ? 'nobody' : consumers.length}` : null,
  ]
  return {
    source: 'catalog',
    kind: 'catalog_entry',
    asset: entry.name,
    observed_at: now.toISOString(),
    summary: `${entry.name} is ${parts.filter(Boolean).join(', ')}.`,
    data: {
      asset: entry.name,
      owner: entry.owner ?? null,
      tier: entry.tier,
      sla_minutes: sla?.minutes ?? null,
      sla_deadline: deadline?.toISOString() ?? null,
      // The catalogue knows the promise; whether it was kept, gathering works out from what other systems say.
      breached: null,
      consumers: entry.consumers ?? null,
      revenue_per_hour: entry.revenue_per_hour ?? null,
      runbook: entry.runbook ?? null,
      channel: entry.channel ?? null,
      environment: entry.environment ?? null,
    },
  }
}

/** The measured values of the alerts that the entry calls normal. */
function expectedEvidence(entry: CatalogAsset, alerts: readonly Alert[], now: Date): EvidenceDraft[] {
  const facts = alerts.flatMap((alert) => alert.facts).filter((fact) => fact.kind === 'metric')
  return facts.flatMap(({ data: { name, value } }): EvidenceDraft[] => {
    if (typeof name !== 'string' || typeof value !== 'number') return []
    const row = expectedLoad(entry, name, value)
    if (!row) return []
    return [
      {
        source: 'catalog',
        kind: 'metric',
        asset: entry.name,
        observed_at: now.toISOString(),
        summary: `${name} at ${value} on ${entry.name} is within what is normal there: up to ${row.up_to}, ${row.pattern}.`,
        data: { name, value, baseline_max: row.up_to, pattern: row.pattern },
      },
    ]
  })
}

function maintenanceEvidence(
  window: { name: string; asset: string; from: string; until: string },
  now: Date,
): EvidenceDraft {
  return {
    source: 'maintenance',
    kind: 'maintenance',
    asset: window.asset,
    observed_at: now.toISOString(),
    summary: `Maintenance of ${window.asset} until ${new Date(window.until).toISOString()}: ${window.name}.`,
    data: {
      name: window.name,
      asset: window.asset,
      from: new Date(window.from).toISOString(),
      until: new Date(window.until).toISOString(),
    },
  }
}
