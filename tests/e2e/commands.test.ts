import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KestraExecution, kestraApi } from '../../scripts/lib/kestra-api.ts'
import { listSources } from '../../scripts/store/sources.ts'
import { keyPeriods } from '../../scripts/store/webhook-keys.ts'
import { namespace, type Product, startProduct } from './product.ts'

const home = join(import.meta.dirname, '..', '..')
const previousKey = 'the-key-before-this-one-0123456789'

describe('commands and the engine’s front', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('commands', ({ slack }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      ALERT_WEBHOOK_KEY_PREVIOUS: previousKey,
    }))
  })
  afterAll(() => product.stop())

  /** Runs a command as npm does, with the product's settings in the environment. */
  async function run(command: string, ...parameters: string[]) {
    return runWith({}, command, ...parameters)
  }

  async function runWith(environment: Record<string, string>, command: string, ...parameters: string[]) {
    const script = join(home, 'scripts', 'cli', `${command}.ts`)
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
      cwd: home,
      env: { PATH: process.env.PATH, ...product.stack.settings, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { code, output, errors }
  }

  it('accepts the previous key beside the current one, and tells which was used', async () => {
    const keysUsed = async () => (await listSources(product.store)).find(({ source }) => source === 'generic')
    const url = product.stack.webhookUrl.replace(product.stack.settings.ALERT_WEBHOOK_KEY, previousKey)
    const body = JSON.stringify({ source: 'my-checks', title: 'orders is late', table: 'shop.orders' })
    const sent = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect(sent.status).toBe(200)
    await product.ended(KestraExecution.parse(await sent.json()).id)
    expect(await keysUsed()).toMatchObject({ current_key_at: null, previous_key_at: expect.any(Date) })
    await product.ended((await product.fire(JSON.parse(body))).id)
    expect(await keysUsed()).toMatchObject({ current_key_at: expect.any(Date) })
  })

  it('hands the clock digests of the two keys, by which it sees a change', async () => {
    await product.tick()
    const digestOf = (key: string) => createHash('sha512').update(key).digest('hex').slice(0, 32)
    expect(await keyPeriods(product.store)).toMatchObject([
      { current: digestOf(product.stack.settings.ALERT_WEBHOOK_KEY), previous: digestOf(previousKey) },
    ])
  })

  it('asks for the log-in everywhere but at the webhook', async () => {
    const { url } = product.stack.engine
    const paths = ['/api/v1/main/flows/incident_management', '/api/v1/main/executions/search?page=1&size=1']
    for (const path of paths) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(401)
      const wrong = `Basic ${Buffer.from('admin@example.com:wrong').toString('base64')}`
      expect((await fetch(`${url}${path}`, { headers: { authorization: wrong } })).status, path).toBe(401)
    }
  })

  it('deploys, and leaves alone what it did not bring', async () => {
    const api = kestraApi(product.stack.settings)
    const own =
      'id: my_own_flow\nnamespace: incident_management\ntasks:\n  - id: hello\n    type: io.kestra.plugin.core.log.Log\n    message: hello\n'
    expect(await api.deploy(namespace, [own])).toContain('my_own_flow')
    const deployed = await run('deploy')
    expect(deployed).toMatchObject({ code: 0, errors: '' })
    expect(deployed.output).toContain('alert_ingestion')
    const { id } = await api.start(namespace, 'my_own_flow', {})
    expect((await product.ended(id)).state.current).toBe('SUCCESS')
  })

  it('refuses a webhook key that is too short, and a flow that Kestra refuses', async () => {
    const short = await runWith({ ALERT_WEBHOOK_KEY: 'short' }, 'deploy')
    expect(short.code).toBe(1)
    expect(short.errors).toContain('E_SETTING_INVALID')
    const faults = await kestraApi(product.stack.settings).validate('id: broken\nnamespace: x\ntasks: []\n')
    expect(faults.length).toBeGreaterThan(0)
  })

  it('migrates again without a change', async () => {
    expect(await run('migrate')).toMatchObject({ code: 0 })
  })

  it('lists a body that could not be read, and replays none that still can’t be', async () => {
    const response = await product.post('this is no JSON')
    expect(response.status).toBe(200)
    const { id } = KestraExecution.parse(await response.json())
    await product.ended(id)
    const listed = await run('dead-letters', 'list')
    expect(listed.output).toContain(id)
    expect(listed.output).toContain('E_PAYLOAD')
    expect((await run('dead-letters', 'replay')).output).toContain(`${id}: still unreadable`)
    expect((await run('dead-letters')).code).toBe(2)
  })

  it('finds every accepted alert in an end state', async () => {
    const { id } = await product.fire(await product.scenario('schema_drift'))
    await product.outcome(id)
    const audit = await run('audit')
    expect(audit).toMatchObject({ code: 0, errors: '' })
    expect(audit.output).toContain('Every accepted alert is in an end state.')
  })

  it('explains itself', async () => {
    for (const command of [
      'demo',
      'start',
      'deploy',
      'migrate',
      'parse',
      'audit',
      'dead-letters',
      'bench',
      'eval',
      'build',
      'tenant',
    ]) {
      const help = await run(command, '--help')
      expect(help.code, command).toBe(0)
      expect(help.output, command).toContain('Usage: ')
      expect((await run(command, '--no-such-option')).code, command).toBe(2)
    }
  })
})
