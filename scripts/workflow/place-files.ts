import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { connectorsIn } from '../connectors/index.ts'
import { type AssetEnvironment, environmentsIn } from '../domain/asset-environment.ts'
import { Catalog } from '../domain/catalog.ts'
import type { Instance, SourcePlace } from '../domain/instance.ts'
import { PolicyFile } from '../domain/policy.ts'
import type { System } from '../domain/system.ts'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/**
 * What `systems.yaml`, `policy.yaml` and `catalog.yaml` say of where alerts belong.
 * @throws AppError E_CONFIG_INVALID for any of them
 */
export async function readPlaceFiles(settings: Settings): Promise<{
  further: Instance[]
  sources: Record<string, SourcePlace>
  environments: AssetEnvironment[]
}> {
  const { DIM_CONFIG_DIR: folder = '' } = settings
  const path = (name: string) => (folder && existsSync(join(folder, name)) ? join(folder, name) : null)
  const [policy, catalog] = [path('policy.yaml'), path('catalog.yaml')]
  const { all, fault } = await loadSystems({ DIM_CONFIG_DIR: folder })
  if (fault) throw new AppError('E_CONFIG_INVALID', fault.message, fault.hint)
  const { sources = {} } = policy ? await readYamlFile(policy, PolicyFile) : {}
  return {
    further: all.filter(({ kind }) => kind !== 'catalog').map(instanceOf),
    sources: Object.fromEntries(
      Object.entries(sources).map(([name, { environment, system }]) => [name, given({ environment, system })]),
    ),
    environments: catalog ? environmentsIn(await readYamlFile(catalog, Catalog)) : [],
  }
}

/** The instances that settings alone describe. */
export async function defaultInstances(settings: Settings): Promise<Instance[]> {
  return (await connectorsIn(settings)).flatMap((connector) => {
    const found = connector.fromSettings(settings)
    if (!found || found.kind === 'catalog') return []
    return [instanceOf({ limitMs: null, ...found, name: found.kind, environment: null, aliases: [] })]
  })
}

function instanceOf({ name, kind, environment, aliases, options, credentials }: System): Instance {
  const url = typeof options.url === 'string' ? options.url : null
  return {
    name,
    kind,
    environment: environment?.toLowerCase() ?? null,
    aliases: [...aliases],
    url,
    database: typeof options.database === 'string' ? options.database : databaseIn(credentials.url),
  }
}

/** The database that an address names (`postgres://…/shop`). */
function databaseIn(url: string | undefined): string | null {
  const path = url !== undefined && URL.canParse(url) ? new URL(url).pathname.slice(1) : ''
  return path === '' ? null : decodeURIComponent(path)
}

function given(place: { environment: string | undefined; system: string | undefined }): SourcePlace {
  return {
    ...(place.environment === undefined ? {} : { environment: place.environment }),
    ...(place.system === undefined ? {} : { system: place.system }),
  }
}
