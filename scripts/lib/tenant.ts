import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkWebhookKeys, isSettingName, type SettingName, type Settings, settings } from './config.ts'
import { AppError } from './errors.ts'

/** The namespace of who is alone here, and above that of every further tenant. */
export const rootNamespace = 'incident_management'

/** What all tenants of an installation share; every other setting is each tenant's own, and empty where it has none. */
const shared: readonly SettingName[] = [
  'DATABASE_URL',
  'AUDIT_KEY',
  'FALLBACK_URL',
  'DIM_CONFIG_DIR',
  'DIM_CHANNELS',
  'KESTRA_URL',
  'KESTRA_USERNAME',
  'KESTRA_PASSWORD',
]

/**
 * A tenant's name as people write it: `acme`. It becomes part of a namespace, of a folder's name and of settings' names,
 * so it holds lower-case letters, digits and single hyphens only.
 */
const tenantName = /^(?=.{1,40}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** @throws AppError E_SETTING_INVALID when it is no tenant's name. */
export function checkTenantName(name: string): string {
  if (tenantName.test(name)) return name
  throw new AppError(
    'E_SETTING_INVALID',
    `${JSON.stringify(name.slice(0, 60))} is no tenant’s name.`,
    'It has 40 characters at most: lower-case letters, digits and single hyphens, a letter first, such as acme or acme-eu.',
  )
}

/**
 * The namespace that is a tenant, by its name; the root's when none is given. A whole namespace stands for itself.
 * @throws AppError E_SETTING_INVALID
 */
export function namespaceOf(name?: string): string {
  if (name === undefined || name === rootNamespace) return rootNamespace
  const own = tenantOf(name)
  return `${rootNamespace}.${checkTenantName(own ?? name)}`
}

/** The tenant's name of a namespace; null for the root's, and for a namespace that is none of the product's own. */
export function tenantOf(namespace: string): string | null {
  const [first, name, ...rest] = namespace.split('.')
  return first === rootNamespace && name !== undefined && rest.length === 0 && tenantName.test(name) ? name : null
}

/** Whether it is a setting of which each tenant has a value of its own. */
export function isOwnSetting(name: string): name is SettingName {
  return isSettingName(name) && settings[name].kind !== 'operator' && !shared.includes(name)
}

/** A tenant's own setting as `tenants.env`, the environment and Kestra's secrets name it: `ACME_EU__SLACK_WEBHOOK_URL`. */
export function ownName(tenant: string, name: SettingName): string {
  return `${tenant.toUpperCase().replaceAll('-', '_')}__${name}`
}

/** Whether a variable's name is that of some tenant's own setting. */
export function isTenantSetting(name: string): boolean {
  const own = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__([A-Z][A-Z0-9_]*)$/.exec(name)?.[1] ?? ''
  return isOwnSetting(own)
}

/** Where a tenant's catalogue, policy, routing and so on lie. */
export function configFolderOf(folder: string, tenant: string): string {
  return join(folder, 'tenants', tenant)
}

/**
 * The settings as a tenant's tasks see them: what all share, and its own; nothing of the root's or of another tenant's.
 * @param namespace the tenant. The root's, or one of somebody's own, has the settings that carry no tenant's name.
 */
export function settingsOfTenant<S extends Settings>(all: S, namespace: string): S
export function settingsOfTenant(all: Settings, namespace: string): Settings {
  const unnamed = Object.entries(all).filter(([name]) => !isTenantSetting(name))
  const tenant = tenantOf(namespace)
  if (tenant === null) return Object.fromEntries(unnamed)
  const own = Object.keys(settings)
    .filter(isOwnSetting)
    .map((name) => [name, all[ownName(tenant, name)]] as const)
  const folder = all.DIM_CONFIG_DIR
  return {
    ...Object.fromEntries(unnamed.filter(([name]) => !isOwnSetting(name))),
    ...Object.fromEntries(own.filter(([, value]) => value)),
    ...(folder && { DIM_CONFIG_DIR: configFolderOf(folder, tenant) }),
  }
}

/** The tenants beside the root: those that have a folder of configuration. @returns their names, in order. */
export async function tenantsIn(folder: string | undefined): Promise<string[]> {
  if (!folder) return []
  const entries = await readdir(join(folder, 'tenants'), { withFileTypes: true }).catch(() => [])
  return entries.flatMap((entry) => (entry.isDirectory() && tenantName.test(entry.name) ? [entry.name] : [])).sort()
}

/** @throws AppError E_SETTING_INVALID when a tenant's key is too short to be a secret, or is another tenant's too. */
export function checkTenantKeys(all: Settings, tenants: readonly string[]): void {
  const users = new Map<string, string>()
  for (const namespace of [rootNamespace, ...tenants.map(namespaceOf)]) {
    const { ALERT_WEBHOOK_KEY: key, ALERT_WEBHOOK_KEY_PREVIOUS: previous } = settingsOfTenant(all, namespace)
    if (key) checkWebhookKeys({ ALERT_WEBHOOK_KEY: key, ALERT_WEBHOOK_KEY_PREVIOUS: previous })
    for (const one of new Set([key, previous])) {
      const user = one && users.get(one)
      if (user) {
        throw new AppError(
          'E_SETTING_INVALID',
          `${user} and ${namespace} have the same webhook key.`,
          'Give each its own: openssl rand -hex 24',
        )
      }
      if (one) users.set(one, namespace)
    }
  }
}

/** What Kestra is started with beside the root's settings: the own ones of these tenants, those without a value as empty. */
export function tenantEnvironment(all: Settings, tenants: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {}
  for (const tenant of tenants) {
    for (const name of Object.keys(settings).filter(isOwnSetting)) {
      const own = ownName(tenant, name)
      const value = all[own]?.trim() ?? ''
      if (settings[name].kind === 'secret') result[`SECRET_${own}`] = Buffer.from(value).toString('base64')
      else result[`ENV_${own}`] = value
    }
  }
  return result
}
