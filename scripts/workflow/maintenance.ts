import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Catalog } from '../domain/catalog.ts'
import { activeSilences, silenceOf } from '../domain/silence.ts'
import type { Settings } from '../lib/config.ts'
import { loadCron } from '../lib/cron.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** A window of `catalog.yaml`, and whether it is on. */
export const Maintenance = z.object({
  name: z.string(),
  asset: z.string().nullable(),
  source: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  from: z.date().nullable(),
  until: z.date().nullable(),
  recurring: z.object({ cron: z.string(), minutes: z.number(), zone: z.string() }).nullable(),
  /** Until when it is in force now; null while it is not. */
  on_until: z.date().nullable(),
})
export type Maintenance = z.infer<typeof Maintenance>

/** The maintenance windows that a team planned and that are not over. @throws AppError E_CONFIG_INVALID */
export async function maintenanceWindows({ DIM_CONFIG_DIR: folder }: Settings, now: Date): Promise<Maintenance[]> {
  const path = folder ? join(folder, 'catalog.yaml') : ''
  const catalog = existsSync(path) ? await readYamlFile(path, Catalog) : null
  const windows = (catalog?.maintenance ?? []).map(silenceOf)
  const lastStart = windows.some(({ recurring }) => recurring) ? await loadCron() : () => null
  return windows
    .filter(({ until }) => until === null || until > now)
    .map((window) => ({
      name: window.name,
      asset: window.asset ?? null,
      source: window.source ?? null,
      labels: window.labels ?? {},
      from: window.from,
      until: window.until,
      recurring: window.recurring,
      on_until: activeSilences([window], now, lastStart)[0]?.until ?? null,
    }))
}
