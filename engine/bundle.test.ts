import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSnowflake } from '../tests/stand-ins/snowflake.ts'
import { withCompiledCode } from './bundle/code.ts'
import { buildTasks } from './bundle.ts'

const node = promisify(execFile).bind(null, process.execPath)
const sources = join(import.meta.dirname, '..', 'scripts', 'tasks')
const environment = { DIM_CONTEXT: JSON.stringify({ tenant: 'test', execution: 'e1', original: 'e1', flows: '1' }) }
const missesItsSettings = { code: 1, stderr: expect.stringMatching(/E_SETTING_MISSING.*DATABASE_URL/) }

describe('the bundled tasks', () => {
  let folder: string
  let files: string[]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tasks-'))
    files = await buildTasks(folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** The source of a bundle and what V8 made of it. */
  async function codeOf(file: string) {
    const code = await readFile(file.replace(/\.cjs$/, '.code'))
    const end = 4 + code.readUInt32LE()
    return { source: code.toString('latin1', 4, end), cachedData: code.subarray(end) }
  }

  it('are two whole files for each task, and for what is loaded apart', async () => {
    const names = (await readdir(sources))
      .filter((name) => !name.endsWith('.test.ts'))
      .map((name) => basename(name, '.ts'))
    expect(files.map((file) => basename(file)).sort()).toEqual(names.map((name) => `${name}.cjs`).sort())
    const packages = ['cron-parser', 'google-genai', 'json-p3', 'nodemailer', 'slack-web-api', 'slack-webhook', 'yaml']
    const expected = [...names, ...packages, 'snowflake-driver'].flatMap((name) => [`${name}.cjs`, `${name}.code`])
    expect((await readdir(folder)).sort()).toEqual(expected.sort())
  })

  it('leave out of zod what nobody uses, and keep its words', async () => {
    const bundles = await Promise.all(files.map(async (file) => (await codeOf(file)).source))
    // The start of an invalid input's message in German, and in the language that is used.
    expect(bundles.filter((bundle) => bundle.includes('Eingabe: erwartet'))).toEqual([])
    expect(bundles.filter((bundle) => !bundle.includes('Invalid input: expected'))).toEqual([])
  })

  it('are ASCII, and keep the patterns that are written in other characters', async () => {
    for (const file of files) expect((await codeOf(file)).source).toMatch(/^[\0-\x7f]*$/)
    const code = withCompiledCode(
      'module.exports = [/ ➛ ([A-Z]+)$/, /[“「]x/u, /🔴/u].map((one) => one.exec("🔴「x ➛ OK")[0])',
    )
    const module: { exports?: unknown } = {}
    const run: (...args: unknown[]) => void = new Script(
      code.toString('latin1', 4, 4 + code.readUInt32LE()),
    ).runInThisContext()
    run({}, null, module)
    expect(module.exports).toEqual([' ➛ OK', '「x', '🔴'])
  })

  it('hold code that this Node takes without compiling', async () => {
    for (const file of files) {
      const { source, cachedData } = await codeOf(file)
      expect({ file, rejected: new Script(source, { cachedData }).cachedDataRejected }).toEqual({
        file,
        rejected: false,
      })
    }
  })

  it.each(['receive', 'analyze'])('run by themselves: %s says which setting is missing', async (task) => {
    await expect(node([join(folder, `${task}.cjs`)], { env: environment })).rejects.toMatchObject(missesItsSettings)
  })

  it('run with code that this Node does not take, from their source', async () => {
    const other = join(folder, 'other')
    await cp(join(folder, 'notify.cjs'), join(other, 'notify.cjs'))
    const code = await readFile(join(folder, 'notify.code'))
    await writeFile(join(other, 'notify.code'), code.subarray(0, 4 + code.readUInt32LE()))
    await expect(node([join(other, 'notify.cjs')], { env: environment })).rejects.toMatchObject(missesItsSettings)
    await rm(other, { recursive: true })
  })

  it('leave the driver of Snowflake to its thread, and start that', async () => {
    const driver = join(folder, 'snowflake-driver.cjs')
    const holders = await Promise.all(
      [...files, driver].map(async (file) =>
        (await codeOf(file)).source.includes('/queries/v1/query-request') ? file : null,
      ),
    )
    expect(holders.filter((file) => file !== null)).toEqual([driver])
    expect((await codeOf(join(folder, 'gather.cjs'))).source).toContain('"snowflake-driver.cjs"')
    const account = await startSnowflake()
    account.answer(/^select 1/, { rows: [{ ONE: '1' }] })
    const access = { account: 'local', url: account.url, username: 'reader', role: null, warehouse: null }
    const login = { authenticator: 'SNOWFLAKE', password: account.settings.SNOWFLAKE_PASSWORD }
    const thread = new Worker(driver, { workerData: { access: { ...access, login }, database: null } })
    expect(await once(thread, 'message')).toEqual([{ id: 'ready' }])
    thread.postMessage({ id: 1, text: 'select 1', values: [] })
    expect(await once(thread, 'message')).toEqual([{ id: 1, rows: [{ one: '1' }] }])
    await account.close()
    await thread.terminate()
  })

  it.each([
    ['analyze', 'google-genai', 'GoogleGenAI'],
    ['receive', 'yaml', 'parseDocument'],
    ['receive', 'cron-parser', 'CronExpressionParser'],
    ['receive', 'json-p3', 'compile'],
    ['notify', 'slack-webhook', 'IncomingWebhook'],
  ])('find what stands apart: %s takes of %s its %s', async (task, file, exported) => {
    expect((await codeOf(join(folder, `${task}.cjs`))).source).toContain(`require("./${file}.cjs")`)
    const script = `console.log(typeof require(${JSON.stringify(join(folder, `${file}.cjs`))}).${exported})`
    expect((await node(['-e', script], { env: {} })).stdout).toBe('function\n')
  })

  it('take an alert in without Kestra’s API and without what reads configuration', async () => {
    const { source } = await codeOf(join(folder, 'receive.cjs'))
    const foreign = ['/api/v1/main', 'Map keys must be unique', 'JSONPathSyntaxError']
    expect(foreign.filter((text) => source.includes(text))).toEqual([])
  })
})
