import { beforeEach, expect, it } from 'vitest'
import type { Store } from '../scripts/store/connection.ts'
import { noteKeys } from '../scripts/store/webhook-keys.ts'
import { ingest } from '../scripts/workflow/ingest.ts'
import { type Browser, openConsole, person } from '../tests/support/console.ts'
import { useTestStore } from '../tests/support/store.ts'
import { asHandedOver, lateTable } from '../tests/support/workflow.ts'

const database = useTestStore()
let store: Store
let browser: Browser

beforeEach(async () => {
  store = database.tenant()
  browser = openConsole([store])
  await person(store, 'ada', 'viewer')
  await browser.logIn(store, 'ada')
})

let deliveries = 0
async function deliver(source: string, webhookKey: string | undefined, body?: unknown): Promise<void> {
  deliveries += 1
  const alert = body ?? lateTable({ source, alert_id: `late-${deliveries}` })
  const handedOver = asHandedOver(alert, `delivery-${deliveries}`)
  await ingest(store, webhookKey === undefined ? handedOver : { ...handedOver, webhookKey })
}

/** The cells of a source's row, as text. */
async function row(source: string): Promise<string> {
  const page = await browser.read('/sources')
  const start = page.indexOf(`data-row="plain/${source}"`)
  return page.slice(start, page.indexOf('</tr>', start)).replaceAll(/<[^>]+>/g, ' ')
}

it('shows by which key each source last came, and marks the previous one', async () => {
  await deliver('crm', 'current')
  await deliver('shop', 'previous')
  await deliver('byhand', undefined)
  expect(await row('crm')).toMatch(/ current /)
  expect(await row('shop')).toMatch(/ previous /)
  expect(await row('byhand')).toMatch(/ not known /)
  const page = await browser.read('/sources')
  expect(page).toMatch(/The previous webhook key is in use\..*; plain\/shop still comes with it\. Move it over/s)
})

it('says when nothing comes with the previous key any more, and when it was last used', async () => {
  await deliver('shop', 'previous')
  await deliver('shop', 'current')
  expect(await row('shop')).toMatch(/ current .*the previous .*ago/s)
  expect(await browser.read('/sources')).toMatch(/No source posts with the previous webhook key\..*may be emptied/s)
})

it('knows of the previous key though nothing could be read', async () => {
  await deliver('', 'previous', 'see you on Monday')
  expect(await browser.read('/sources')).toMatch(
    /The previous webhook key is in use\..*something of no source still comes/s,
  )
})

it('says of a source that is not heard since a change which key it has, and when that is let in no more', async () => {
  const seen = (current: string, previous: string | null = null) => noteKeys(store, { current, previous })
  await seen('first')
  await deliver('crm', 'current')
  await deliver('shop', 'current')
  await seen('first')
  expect(await row('crm')).toMatch(/ current /)
  await seen('second', 'first')
  await deliver('shop', 'current')
  expect(await row('crm')).toMatch(/ previous .*not heard since the key was changed, .*ago/s)
  expect(await row('shop')).toMatch(/ current /)
  expect(await browser.read('/sources')).toMatch(/Not heard since the webhook key was changed: plain\/crm\./)
  await seen('second')
  expect(await row('crm')).toMatch(/ no longer valid .*not heard since/s)
  expect(await row('shop')).toMatch(/ current /)
  expect(await browser.read('/sources')).toMatch(/Last came with a webhook key that is no longer valid: plain\/crm\./)
  await deliver('crm', 'current')
  expect(await row('crm')).toMatch(/ current /)
  expect(await browser.read('/sources')).not.toContain('webhook key that is no longer valid')
})

it('says nothing of a previous key that nobody uses, and believes no other word', async () => {
  await deliver('crm', 'current')
  await deliver('shop', 'previous; drop table alerts')
  expect(await row('shop')).toMatch(/ not known /)
  expect(await browser.read('/sources')).not.toContain('previous webhook key.')
})
