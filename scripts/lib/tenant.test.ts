import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settings } from './config.ts'
import { readFlows } from './flow-files.ts'
import {
  checkTenantKeys,
  checkTenantName,
  isOwnSetting,
  isTenantSetting,
  namespaceOf,
  ownName,
  settingsOfTenant,
  tenantEnvironment,
  tenantOf,
} from './tenant.ts'

const flowFolder = join(import.meta.dirname, '..', '..', 'flows')
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/)

describe('a tenant’s name', () => {
  it.each(['acme', 'acme-eu', 'a', 'x2', 'a'.repeat(40)])('may be %s', (given) => {
    expect(tenantOf(namespaceOf(given))).toBe(given)
    expect(namespaceOf(namespaceOf(given))).toBe(namespaceOf(given))
  })

  it.each([
    '',
    'Acme',
    '2nd',
    'acme_eu',
    'acme--eu',
    'acme-',
    '-acme',
    'acme.eu',
    '../config',
    '..',
    'a/b',
    'acme\n',
    'ácme',
    'a'.repeat(41),
    'incident_management.',
    'incident_management.acme.eu',
    'incident_managementx.acme',
    '__proto__',
  ])('may not be %j', (given) => {
    expect(() => checkTenantName(given)).toThrow(/no tenant’s name/)
    expect(() => namespaceOf(given)).toThrow(/no tenant’s name/)
  })

  it('is the root’s when none is given', () => {
    expect([namespaceOf(), namespaceOf('incident_management')]).toEqual(['incident_management', 'incident_management'])
    expect([tenantOf('incident_management'), tenantOf('elsewhere.acme')]).toEqual([null, null])
  })
})

describe('a tenant’s settings', () => {
  it('never meet those of another, whatever both are called', () => {
    const names = Object.keys(settings).filter(isOwnSetting)
    fc.assert(
      fc.property(name, name, fc.constantFrom(...names), fc.constantFrom(...names), (one, other, first, second) => {
        fc.pre(one !== other)
        expect(ownName(one, first)).not.toBe(ownName(other, second))
        expect(isTenantSetting(ownName(one, first))).toBe(true)
      }),
    )
  })

  const all = {
    DATABASE_URL: 'postgresql://x',
    DIM_CONFIG_DIR: '/opt/config',
    CONSOLE_URL: 'https://incidents.example.com',
    SLACK_WEBHOOK_URL: 'https://hooks/root',
    GEMINI_API_KEY: 'root',
    ACME__SLACK_WEBHOOK_URL: 'https://hooks/acme',
    ACME_EU__SLACK_WEBHOOK_URL: 'https://hooks/acme-eu',
    ACME_EU__GEMINI_API_KEY: 'eu',
  }

  it('are its own and what all share, and nothing of anybody else', () => {
    expect(settingsOfTenant(all, 'incident_management.acme')).toEqual({
      DATABASE_URL: 'postgresql://x',
      DIM_CONFIG_DIR: '/opt/config/tenants/acme',
      CONSOLE_URL: 'https://incidents.example.com',
      SLACK_WEBHOOK_URL: 'https://hooks/acme',
    })
    expect(settingsOfTenant(all, 'incident_management')).toEqual({
      DATABASE_URL: 'postgresql://x',
      DIM_CONFIG_DIR: '/opt/config',
      CONSOLE_URL: 'https://incidents.example.com',
      SLACK_WEBHOOK_URL: 'https://hooks/root',
      GEMINI_API_KEY: 'root',
    })
  })

  it('are all defined for Kestra, which fails on a secret that is not', () => {
    const environment = tenantEnvironment(all, ['acme'])
    expect(environment.SECRET_ACME__GEMINI_API_KEY).toBe('')
    expect(environment.SECRET_ACME__SLACK_WEBHOOK_URL).toBe(Buffer.from('https://hooks/acme').toString('base64'))
    expect(environment.ENV_ACME__ANALYZER).toBe('')
    expect(Object.keys(environment).filter((key) => /DATABASE_|KESTRA|CONSOLE|CONFIG/.test(key))).toEqual([])
  })

  it('refuse a webhook key that is short, or that two have', () => {
    const [key, other] = ['k'.repeat(24), 'o'.repeat(24)]
    const check = (settings: Record<string, string>) => () => checkTenantKeys(settings, ['acme', 'globex'])
    expect(check({ ALERT_WEBHOOK_KEY: key, ACME__ALERT_WEBHOOK_KEY: other })).not.toThrow()
    expect(check({ ALERT_WEBHOOK_KEY: key, ACME__ALERT_WEBHOOK_KEY: key })).toThrow(/same webhook key/)
    expect(check({ ACME__ALERT_WEBHOOK_KEY: key, GLOBEX__ALERT_WEBHOOK_KEY_PREVIOUS: key })).toThrow(/same webhook key/)
    expect(check({ ACME__ALERT_WEBHOOK_KEY: 'short' })).toThrow(/5 characters/)
  })
})

describe('a tenant’s flows', () => {
  it('ask for its own secrets and settings, those that all share apart, and are otherwise the same', async () => {
    const [root, acme] = await Promise.all([
      readFlows(flowFolder, 'incident_management'),
      readFlows(flowFolder, 'incident_management.acme'),
    ])
    for (const [index, { source }] of acme.entries()) {
      const defined = tenantEnvironment({}, ['acme'])
      const secrets = [...source.matchAll(/secret\('([^']*)'\)/g)].map(([, found = '']) => found)
      const variables = [...source.matchAll(/envs\.(\w+)/g)].map(([, found = '']) => found.toUpperCase())
      for (const found of secrets) expect(isOwnSetting(found), found).toBe(false)
      for (const found of variables) expect(isOwnSetting(found), found).toBe(false)
      for (const found of secrets.filter((one) => !(one in settings))) expect(defined).toHaveProperty(`SECRET_${found}`)
      const back = source
        .replaceAll('ACME__', '')
        .replaceAll('acme__', '')
        .replaceAll('/tenants/acme', '')
        .replace('incident_management.acme', 'incident_management')
        .replace(/^ {2}Of tenant acme: .*\n/m, '')
      expect(back).toBe(root[index]?.source)
    }
  })

  it('know the tenant by their namespace only', async () => {
    for (const { source } of await readFlows(flowFolder, 'incident_management.acme')) {
      const contexts = [...source.matchAll(/DIM_CONTEXT: "(.*)"/g)].map(([, context]) => context)
      expect(contexts.length).toBeGreaterThan(0)
      for (const context of contexts) expect(context).toContain("'tenant': flow.namespace,")
      const namespaces = [...source.matchAll(/namespace: (.*)$/gm)].map(([, value]) => value)
      expect(new Set(namespaces).size).toBeLessThanOrEqual(2)
      for (const value of namespaces.slice(1)) expect(value).toBe('"{{ flow.namespace }}"')
    }
  })
})
