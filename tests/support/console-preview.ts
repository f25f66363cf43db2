/**
 * Pictures of the console over a day of incidents: node --import tsx tests/support/console-preview.ts FOLDER [PATH…]
 * For looking at it while working; the pictures in docs/images are made by the tests.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { startConsole } from '../../console/server.ts'
import { startPostgres } from '../../engine/postgres.ts'
import { openStore } from '../../scripts/store/connection.ts'
import { migrate } from '../../scripts/store/migrate.ts'
import { dayOfIncidents, waitingFix } from './day-of-incidents.ts'
import { tellPastWeeks } from './past-weeks.ts'
import { ageIncident, tell } from './stories.ts'

const [folder = 'console-preview', ...paths] = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const stateDir = join(tmpdir(), `dim-preview-${randomBytes(6).toString('hex')}`)
const postgres = await startPostgres({ stateDir, durable: false })
await migrate(postgres.ownerUrl)
const store = openStore(postgres.appUrl, 'incident_management')
await tellPastWeeks(store, postgres.ownerUrl)
const incidents = new Map<string, string>()
for (const story of [...dayOfIncidents(), waitingFix('admin')]) {
  const incident = await tell(store, story)
  await ageIncident(postgres.ownerUrl, store.tenant, incident, story.minutesAgo)
  incidents.set(story.name, incident)
}
const shown = await startConsole({ DATABASE_URL: postgres.appUrl, CONSOLE_PORT: '0', DIM_CONFIG_DIR: 'config' })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  for (const [name, options] of Object.entries({
    light: { colorScheme: 'light', viewport: { width: 1360, height: 900 } },
    dark: { colorScheme: 'dark', viewport: { width: 1360, height: 900 } },
    phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  } as const)) {
    const page = await browser.newPage(options)
    page.on('console', (message) => message.type() === 'error' && process.stderr.write(`${message.text()}\n`))
    if (name === 'light') {
      await page.goto(shown.firstLinks[0]?.link ?? '')
      await page.screenshot({ path: join(folder, 'join.png') })
      await page.fill('[name=password]', 'correct horse battery')
      await page.fill('[name=again]', 'correct horse battery')
      await page.click('button')
    } else {
      await page.goto(`${shown.url}/login`)
      await page.fill('[name=name]', 'admin')
      await page.fill('[name=password]', 'correct horse battery')
      await page.click('button')
    }
    await page.waitForURL(`${shown.url}/`)
    for (const path of paths.length > 0 ? paths : ['/', '/incidents/schema-drift', '/incidents/daily-elt']) {
      const real = path.replace(/[^/]+$/, (last) => incidents.get(last) ?? last)
      await page.goto(`${shown.url}${real}`)
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(folder, `${name}${path.replaceAll(/\W+/g, '-')}.png`), fullPage: true })
    }
    await page.close()
  }
} finally {
  await browser.close()
  await shown.stop()
  await store.close()
  await postgres.stop()
  await rm(stateDir, { recursive: true, force: true })
}
