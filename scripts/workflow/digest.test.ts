import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { textOf } from '../../tests/stand-ins/slack.ts'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { addSilence } from '../store/silences.ts'
import { sql } from '../store/sql.ts'
import { acknowledgeIncident } from './acknowledge.ts'
import { planDigests, tellDigest } from './digest.ts'

const { world } = useWorlds()
const hour = 3_600_000
const policy = 'mode: act\nauto_fix: false\nallow: []\n'
/** The last full minute: a digest that was due just now. */
const at = new Date(Math.floor(Date.now() / 60_000) * 60_000)
const time = at.toISOString().slice(11, 16)
const routing = `
routes: [{ name: all, tell: [slack] }]
digests:
  - { name: morning, at: ['${time}'], tell: [slack] }
`
const subject = `morning ${at.toISOString()}`
const load = { source: 'prometheus', severity: 'low', environment: 'staging' }

async function digests(one: World): Promise<string[]> {
  await one.turn()
  return one.slack.messages.map(textOf).filter((text) => text.includes('Digest'))
}

describe('a digest', () => {
  test('tells what is open and what was kept quiet, each with why, once', async () => {
    const one = await world({ policy, routing })
    const open = await one.handle(lateTable())
    const taken = await one.handle(
      lateTable({
        alert_id: 'b',
        title: 'Table shop.public.users is late',
        metric: { name: 'freshness_hours', value: 9, threshold: 3, table: 'shop.public.users' },
      }),
    )
    await acknowledgeIncident(one.store, taken, 'ann')
    const quiet = await one.handle({ ...load, title: 'Memory at <b>90 %</b>', host: 'a' })
    await addSilence(one.store, {
      name: 'upgrade',
      source: 'plain/nagios',
      until: new Date(Date.now() + hour),
      recurring: null,
      by: 'ada',
    })
    await one.fire({ source: 'nagios', title: 'Disk is full', severity: 'high', host: 'b' })
    for (let times = 0; times < 2; times += 1) await tellDigest(one.store, subject, one.settings)
    const [text = '', ...more] = await digests(one)
    expect(more).toEqual([])
    expect(text).toMatch(/nobody has acknowledged \(1\)/)
    expect(text).toMatch(/Open, and taken on \(1\)[\s\S]*taken on by ann/)
    expect(text).toMatch(/Logged as a ticket, nobody told \(1\)[\s\S]*by rule lower_environment/)
    expect(text).toMatch(/Silenced \(1\)[\s\S]*Disk is full[\s\S]*upgrade/)
    for (const id of [open, taken, quiet]) expect(text).toContain(id)
    expect(text).toContain('npm run feedback -- INCIDENT real')
    expect(text).not.toContain('<b>')
    // What was told of is not told again: only what is open still.
    await one.turn()
    expect(await digests(one)).toHaveLength(1)
  })

  test('with nothing to tell, or that the file does not name any more, is not sent', async () => {
    const one = await world({ policy, routing })
    await tellDigest(one.store, subject, one.settings)
    await one.handle(lateTable())
    await tellDigest(one.store, subject.replace('morning', 'evening'), one.settings)
    await tellDigest(one.store, `morning ${new Date(at.getTime() - 7 * 60_000).toISOString()}`, one.settings)
    expect(await digests(one)).toEqual([])
  })

  test('tells each tenant of its own alone, and its own alone counts as told', async () => {
    const [acme, other] = [await world({ policy, routing }), await world({ policy, routing })]
    const open = await acme.handle(lateTable({ title: 'Table of acme is late' }))
    const quiet = await acme.handle({ ...load, title: 'Memory of acme at 90 %', host: 'a' })
    await addSilence(acme.store, {
      name: 'upgrade of acme',
      source: 'plain/nagios',
      until: new Date(Date.now() + hour),
      recurring: null,
      by: 'ada',
    })
    await acme.fire({ source: 'nagios', title: 'Disk of acme is full', severity: 'high', host: 'b' })
    // The other one has nothing to tell, though what is due is called the same; then one thing of its own.
    await tellDigest(other.store, subject, other.settings)
    expect(await digests(other)).toEqual([])
    const own = await other.handle(lateTable({ title: 'Table of the other is late' }))
    const later = await world({ policy, routing: routing.replaceAll('morning', 'later') })
    await tellDigest(other.store, subject.replace('morning', 'later'), {
      ...other.settings,
      DIM_CONFIG_DIR: later.settings.DIM_CONFIG_DIR,
    })
    const [theirs = '', ...more] = await digests(other)
    expect(more).toEqual([])
    expect(theirs).toContain(own)
    expect(theirs).not.toMatch(/acme/)
    for (const id of [open, quiet]) expect(theirs).not.toContain(id)
    // What the other was told of is not yet told to acme.
    await tellDigest(acme.store, subject, acme.settings)
    const [ours = ''] = await digests(acme)
    for (const id of [open, quiet]) expect(ours).toContain(id)
    expect(ours).toContain('upgrade of acme')
    expect(ours).not.toContain(own)
  })

  test('becomes due at its next time, once', async () => {
    const one = await world({ policy, routing })
    for (let times = 0; times < 2; times += 1) await planDigests(one.store, one.settings, new Date(at.getTime() + 1))
    const due = await one.store.transaction((query) =>
      query.rows(z.object({ subject: z.string() }), sql`select subject from due where kind = 'digest'`),
    )
    expect(due).toEqual([{ subject: `morning ${new Date(at.getTime() + 24 * hour).toISOString()}` }])
  })

  test('whose channel refuses it is tried again, and opens no ticket', async () => {
    const one = await world({ policy, routing })
    await one.handle(lateTable())
    await tellDigest(one.store, subject, one.settings)
    one.slack.fail({ status: 404, body: 'no_service' }, { times: 2 })
    await one.turn()
    const states = await one.store.transaction((query) =>
      query.rows(z.object({ state: z.string() }), sql`select state from actions where incident is null`),
    )
    expect(states).toEqual([{ state: 'failed' }])
    const tickets = await one.store.transaction((query) =>
      query.rows(z.object({ title: z.string() }), sql`select title from tickets where title like 'morning%'`),
    )
    expect(tickets).toEqual([])
  })
})
