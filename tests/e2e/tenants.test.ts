import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KestraExecution, kestraApi } from '../../scripts/lib/kestra-api.ts'
import { tenantsIn } from '../../scripts/lib/tenant.ts'
import { openStore, type Store } from '../../scripts/store/connection.ts'
import { outcomeOf } from '../../scripts/store/outcomes.ts'
import { addTenantFiles } from '../../scripts/workflow/tenant-files.ts'
import { WholeStore } from '../isolation/whole-store.ts'
import { type SlackStandIn, startSlack, textOf } from '../stand-ins/slack.ts'
import { namespace, type Product, startProduct, until } from './product.ts'

const home = join(import.meta.dirname, '..', '..')
const acme = `${namespace}.acme`

describe('two tenants on one engine', () => {
  let folder: string
  let files: { folder: string; settings: string }
  let slackOfAcme: SlackStandIn
  let product: Product
  let store: Store
  let acmeKey = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-tenants-'))
    files = { folder, settings: join(folder, 'tenants.env') }
    await cp(join(home, 'config'), folder, { recursive: true })
    await addTenantFiles(files, 'acme')
    acmeKey = (await readFile(files.settings, 'utf8')).trim().split('=')[1] ?? ''
    slackOfAcme = await startSlack()
    product = await startProduct('tenants', ({ slack }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      DIM_CONFIG_DIR: folder,
      ACME__ALERT_WEBHOOK_KEY: acmeKey,
      ACME__SLACK_WEBHOOK_URL: slackOfAcme.webhookUrl,
    }))
    store = openStore(product.stack.settings.DATABASE_URL, acme)
  })
  afterAll(async () => {
    await store?.close()
    await product?.stop()
    await slackOfAcme?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  function webhookOf(tenant: string, key: string): string {
    return `${product.stack.engine.url}/api/v1/main/executions/webhook/${tenant}/alert_ingestion/${key}`
  }

  async function post(url: string, body: unknown): Promise<Response> {
    return fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  }

  async function run(command: string, ...parameters: string[]) {
    const script = join(home, 'scripts', 'cli', `${command}.ts`)
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
      cwd: home,
      env: { PATH: process.env.PATH, ...product.stack.settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { code, output, errors }
  }

  it('make two incidents of one alert, told in two channels', async () => {
    const alert = { ...(await product.scenario('schema_drift')), tenant: acme, namespace: acme }
    const root = await product.fire(alert)
    const answer = await post(webhookOf(acme, acmeKey), alert)
    expect(answer.status).toBe(200)
    const own = KestraExecution.parse(await answer.json())
    expect([root.namespace, own.namespace]).toEqual([namespace, acme])

    const first = await product.outcome(root.id, ({ state }) => state === 'notified')
    const second = await until('acme’s incident is told', async () => {
      const outcome = await outcomeOf(store, own.id)
      return { done: outcome?.state === 'notified', value: outcome, seen: outcome?.state ?? 'no incident' }
    })
    expect(second.incident).not.toBe(first.incident)
    await until('both channels have heard', async () => {
      const heard = [product.slack.messages.length, slackOfAcme.messages.length]
      return { done: heard.every((count) => count > 0), value: heard, seen: heard.join() }
    })
    const [inRoot, inAcme] = [product.slack, slackOfAcme].map(({ messages }) => messages.map(textOf).join('\n'))
    expect(inRoot).toContain(first.incident)
    expect(inRoot).not.toContain(second.incident)
    expect(inAcme).toContain(second.incident)
    expect(inAcme).not.toContain(first.incident)
  })

  it('are each kept shut to the other’s key', async () => {
    const { ALERT_WEBHOOK_KEY: rootKey } = product.stack.settings
    const wrong = [
      [acme, rootKey],
      [namespace, acmeKey],
      [acme, ''],
      [`${acme}x`, acmeKey],
      [`${namespace}.acm`, acmeKey],
    ] as const
    for (const [tenant, key] of wrong)
      expect((await post(webhookOf(tenant, key), { title: 'x' })).status, tenant).toBe(404)
  })

  it('are listed, audited and deployed each by itself', async () => {
    const listed = await run('tenant', 'list')
    expect(listed.output).toMatch(/^incident_management +5 +1 /m)
    expect(listed.output).toMatch(/^incident_management\.acme +5 +1 /m)
    for (const options of [[], ['--tenant', 'acme']]) {
      const audit = await run('audit', ...options)
      expect(audit.output, audit.errors).toContain('Every accepted alert is in an end state.')
      expect(audit.output).toMatch(/^ +1 {2}notified$/m)
    }
    const deployed = await run('deploy', '--tenant', 'acme')
    expect(deployed).toMatchObject({ code: 0, errors: '' })
    expect(deployed.output).toContain(`Deployed in ${acme}: `)
    expect(await run('deploy', '--tenant', 'nobody')).toMatchObject({ code: 1 })
    expect(await run('audit', '--tenant', '../acme')).toMatchObject({ code: 1 })
  })

  it('leave nothing of one that is deleted, and all of the other', async () => {
    const api = kestraApi(product.stack.settings)
    expect(await api.count(acme)).toBeGreaterThan(1)
    const refused = await run('tenant', 'delete', 'acme', '--settings', files.settings)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.errors).toContain('Nothing was deleted.')
    expect(await api.flows(acme)).toHaveLength(5)

    const gone = await run('tenant', 'delete', 'acme', '--confirm', 'acme', '--settings', files.settings)
    expect(gone, gone.errors).toMatchObject({ code: 0 })
    expect(gone.output).toContain('acme is gone: 5 flows')
    expect(await api.flows(acme)).toEqual([])
    expect(await api.count(acme)).toBe(0)
    await using whole = await WholeStore.open(product.stack.settings.DATABASE_OWNER_URL ?? '')
    expect([...(await whole.counts(acme))].filter(([, count]) => count > 0)).toEqual([])
    expect((await whole.counts(namespace)).get('incidents')).toBe(1)
    expect(await api.flows(namespace)).toHaveLength(5)
    expect(await tenantsIn(folder)).toEqual([])
    expect(await readFile(files.settings, 'utf8')).toBe('')
    expect((await post(webhookOf(acme, acmeKey), { title: 'x' })).status).toBe(404)
    expect(await run('tenant', 'delete', 'acme', '--confirm', 'acme')).toMatchObject({ code: 1 })
  })
})
