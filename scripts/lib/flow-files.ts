import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isOwnSetting, ownName, tenantOf } from './tenant.ts'

export interface FlowFile {
  /** Relative to the folder: `triggers/clock.yaml`. */
  path: string
  /** The file's name without its ending, which is the flow's id. */
  id: string
  source: string
}

/** Every flow under a folder, those that others call first, moved into the namespace. A tenant's names its own secrets. */
export async function readFlows(folder: string, namespace: string): Promise<FlowFile[]> {
  const names = await readdir(folder, { recursive: true })
  const paths = names.filter((name) => name.endsWith('.yaml')).sort()
  return Promise.all(
    paths.map(async (path) => {
      const source = await readFile(join(folder, path), 'utf8')
      return {
        path,
        id: basename(path, '.yaml'),
        source: inNamespace(source, namespace),
      }
    }),
  )
}

/** A flow in another namespace; in a tenant's with its own secrets, settings and folder of configuration. */
function inNamespace(source: string, namespace: string): string {
  const moved = source.replace(/^namespace: .*$/m, `namespace: ${namespace}`)
  const tenant = tenantOf(namespace)
  if (tenant === null) return moved
  const note = `Of tenant ${tenant}: its own secrets are called ${ownName(tenant, 'ALERT_WEBHOOK_KEY')} and so on.`
  return moved
    .replace(/^description: \|$/m, `$&\n  ${note}`)
    .replace(/\bsecret\('([A-Z0-9_]*)'\)/g, (asked, name: string) =>
      isOwnSetting(name) ? `secret('${ownName(tenant, name)}')` : asked,
    )
    .replace(/\benvs\.([a-z0-9_]+)/g, (asked, variable: string) => {
      const name = variable.toUpperCase()
      return isOwnSetting(name) ? `envs.${ownName(tenant, name).toLowerCase()}` : asked
    })
    .replaceAll('{{ envs.dim_config_dir }}', `{{ envs.dim_config_dir }}/tenants/${tenant}`)
}
