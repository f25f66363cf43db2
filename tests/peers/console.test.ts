import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningConsole, startConsole } from '../../console/server.ts'
import { openStore } from '../../scripts/store/connection.ts'
import { type Product, startProduct, until } from '../e2e/product.ts'
import { textOf } from '../stand-ins/slack.ts'
import { dayOfIncidents, waitingFix } from '../support/day-of-incidents.ts'
import { tellPastWeeks } from '../support/past-weeks.ts'
import { ageIncident, tell } from '../support/stories.ts'
import { startChromium } from './support/chromium.ts'

const home = join(import.meta.dirname, '..', '..')
const pictures = join(home, 'docs', 'images')
const password = 'correct horse battery'
const shown = 'incident_management.a-day-of-incidents'

/** Fixes of the DAG wait for the person of these tests. */
const policy = `mode: act
auto_fix: true
allow:
  - fix: "airflow_clear_task:dag=daily_*"
    approvers: [admin]
    within_minutes: 60
`

const looks = {
  light: { colorScheme: 'light', viewport: { width: 1360, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1360, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
} as const satisfies Record<string, BrowserContextOptions>

describe('the console in a browser', () => {
  let config: string
  let product: Product
  let served: RunningConsole
  let browser: Browser
  const incidents = new Map<string, string>()

  beforeAll(async () => {
    config = await mkdtemp(join(tmpdir(), 'dim-console-'))
    await cp(join(home, 'config'), config, { recursive: true })
    await writeFile(join(config, 'policy.yaml'), policy)
    product = await startProduct('console', ({ slack, airflow }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      ...airflow.settings,
      DIM_CONFIG_DIR: config,
    }))
    const { settings } = product.stack
    // Stories of a tenant that no clock works: what is shown of them stays as it is told.
    await using store = openStore(settings.DATABASE_URL, shown)
    await tellPastWeeks(store, settings.DATABASE_OWNER_URL ?? '')
    for (const story of [...dayOfIncidents(), waitingFix('admin')]) {
      const incident = await tell(store, story)
      await ageIncident(settings.DATABASE_OWNER_URL ?? '', shown, incident, story.minutesAgo)
      incidents.set(story.name, incident)
    }
    served = await startConsole({
      ...settings,
      CONSOLE_PORT: '0',
      CONSOLE_TENANTS: `incident_management,${shown}`,
    })
    browser = await startChromium()
    for (const { link } of served.firstLinks) await setPassword(link)
  })
  afterAll(async () => {
    await browser?.close()
    await served?.stop()
    await product?.stop()
    if (config) await rm(config, { recursive: true })
  })

  async function setPassword(link: string): Promise<void> {
    const page = await browser.newPage()
    await page.goto(link)
    await page.fill('[name=password]', password)
    await page.fill('[name=again]', password)
    await page.click('button')
    await page.waitForURL(`${served.url}/`)
    await page.context().close()
  }

  /** A page of a person who has logged in; every request that leaves for another host is noted, and how much came. */
  async function logIn(
    tenant: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; strangers: string[]; sizes: Promise<number>[] }> {
    const page = await (await browser.newContext(options)).newPage()
    const strangers: string[] = []
    const sizes: Promise<number>[] = []
    page.on('requestfinished', (request) => {
      sizes.push(
        request.sizes().then(({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize),
      )
    })
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== served.url) strangers.push(request.url())
    })
    await page.goto(`${served.url}/login`)
    await page.fill('[name=tenant]', tenant)
    await page.fill('[name=name]', 'admin')
    await page.fill('[name=password]', password)
    await page.click('main button')
    await page.waitForURL(`${served.url}/`)
    return { page, strangers, sizes }
  }

  it('shows an incident without reload, its evidence, takes feedback, and approves a fix', async () => {
    const { page, strangers } = await logIn('incident_management')
    await page.getByText('Live', { exact: true }).waitFor()
    await page.evaluate('window.sameDocument = true')
    const drift = await product.fire(await product.scenario('schema_drift'))
    const { incident } = await product.outcome(drift.id)
    const row = page.locator(`[data-row="${incident}"]`)
    await row.getByText('People told').waitFor({ timeout: 60_000 })
    expect(await page.evaluate("'sameDocument' in window")).toBe(true)

    await row.getByRole('link').click()
    await page.locator('#evidence-ev_1').waitFor()
    await page.getByText('Was the decision right?').click()
    await page.getByLabel('It was right').check()
    await page.getByRole('button', { name: 'Send feedback' }).click()
    await page.getByText('Thank you').waitFor()
    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await page.getByText('taken on by admin').waitFor()

    const timeout = await product.fire(await product.scenario('dag_timeout'))
    const stuck = await product.outcome(timeout.id, ({ state }) => state === 'awaiting_approval')
    await page.goto(`${served.url}/incidents/${stuck.incident}`)
    await page.getByText('Blast radius').waitFor()
    await page
      .locator('#dry-run')
      .getByText(/these would run again: .*load/)
      .waitFor({ timeout: 60_000 })
    const asking = await product.slack.waitForMessage((text) => text.includes(stuck.incident))
    expect(textOf(asking)).toMatch(/waits for approval: .*\*Dry run\*\n> .*these would run again: .*load/s)
    expect(product.airflow.clears).toHaveLength(0)
    await page.getByRole('button', { name: 'Approve the fix' }).click()
    await page.getByText('Approved.').waitFor()
    await product.tick()
    await product.outcome(timeout.id, ({ state }) => state === 'resolved')
    await page.locator('#heading').getByText('Resolved', { exact: true }).waitFor({ timeout: 60_000 })
    expect(product.airflow.clears).toHaveLength(1)
    await page.goto(`${served.url}/analytics`)
    await page
      .locator('.figures li', { hasText: /^MTTR(?!,)/ })
      .getByText(/\d+ (s|min)/)
      .waitFor()
    expect(strangers).toEqual([])
    await page.context().close()
  })

  it('opens again on “this was real” what was kept quiet, and its people are told', async () => {
    const { page } = await logIn('incident_management')
    const memory = await product.fire(await product.scenario('false_positive'))
    const { incident } = await product.outcome(memory.id, ({ state }) => state === 'dismissed')
    const told = () => product.slack.messages.filter((message) => JSON.stringify(message).includes(incident)).length
    expect(told()).toBe(0)
    await page.goto(`${served.url}/quiet`)
    await page
      .locator(`[data-row="${incident}"]`)
      .getByRole('button', { name: /This was real/ })
      .click()
    await page.getByText('Thank you').waitFor()
    await page.locator('#said').getByText('This was real').waitFor()
    // The clock starts its analysis anew, and that tells people.
    await product.tick()
    await product.outcome(memory.id, ({ state }) => state === 'notified')
    await page.locator('#heading').getByText('People told', { exact: true }).waitFor({ timeout: 60_000 })
    await until('people are told', async () => ({ done: told() > 0, value: told(), seen: 'no message' }))
    await page.goto(`${served.url}/`)
    await page.locator(`[data-row="${incident}"]`).getByText('People told').waitFor()
    await page.context().close()
  })

  it.each(Object.entries(looks))('has no fault that axe finds, on any page (%s)', async (name, options) => {
    const { page, strangers } = await logIn(shown, options)
    const paths = [
      '/',
      '/quiet',
      '/sources',
      '/analytics',
      '/configuration',
      '/accounts',
      '/incidents',
      '/nowhere',
      '/tokens',
    ]
    paths.push('/accounts/person?name=admin')
    const told = ['schema-drift', 'daily-elt', 'bigquery-cost', 'nightly-marts']
    for (const story of told) paths.push(`/incidents/${incidents.get(story)}`)
    for (const path of paths) {
      await page.goto(`${served.url}${path}`)
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]),
        path,
      ).toEqual([])
      const width = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'))
      expect([path, width > 0 ? `${width} px too wide` : 'fits']).toEqual([path, 'fits'])
    }
    expect(strangers).toEqual([])
    for (const [file, path] of [
      ['now', '/'],
      ['incident', `/incidents/${incidents.get('schema-drift')}`],
      ['approval', `/incidents/${incidents.get('nightly-marts')}`],
      ['quiet', '/quiet'],
      ['analytics', '/analytics'],
    ] as const) {
      await page.goto(`${served.url}${path}`)
      await page.locator('[data-connection=live], .u-legend').first().waitFor()
      await page.screenshot({ path: join(pictures, `console-${file}-${name}.png`) })
    }
    await page.context().close()
  })

  it('reads without JavaScript, in 150 KB', async () => {
    // From the log-in on, with nothing kept from before.
    const { page, sizes } = await logIn(shown, { javaScriptEnabled: false })
    await page.goto(`${served.url}/`, { waitUntil: 'networkidle' })
    expect(await page.locator('[data-row]').count()).toBe(7)
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(5000)
    expect(bytes).toBeLessThan(150_000)
    await page.getByRole('link', { name: 'Column customer_segment' }).click()
    await page.getByText('deploy_bot dropped').first().waitFor()
    await page.context().close()
  })
})
