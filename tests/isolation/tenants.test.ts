import { beforeEach, describe, expect, it } from 'vitest'
import { createConsole } from '../../console/app.tsx'
import { accountOfAlerts, knownExecutions } from '../../scripts/store/books.ts'
import { addDeadLetter, listDeadLetters } from '../../scripts/store/dead-letters.ts'
import { approve } from '../../scripts/workflow/approval.ts'
import { openConsole, person } from '../support/console.ts'
import { lateTable, scenario, useWorlds, type World } from '../support/workflow.ts'
import { type Asked, repeat, watched } from './watched.ts'
import { WholeStore } from './whole-store.ts'

const mark = 'onlyofacme'
const policy = `mode: act
auto_fix: true
allow:
  - fix: airflow_clear_task:dag=*
    approvers: [ada]
`
const { world, database } = useWorlds()

/** A tenant with incidents of each kind, one that waits for approval, a dead letter and people; and one with an own. */
interface Two {
  acme: World
  other: World
  /** What was asked of acme's store. */
  asked(): Asked[]
  waiting: string
  own: string
}

async function two(): Promise<Two> {
  let asked: () => Asked[] = () => []
  const acme = await world({
    policy,
    watch(store) {
      const watching = watched(store, mark)
      asked = watching.asked
      return watching.store
    },
  })
  const other = await world({ policy })
  const named = (body: object) => ({ ...body, description: `${mark} says so` })
  await acme.handle(await scenario('schema_drift', { title: `Columns of ${mark}` }))
  await acme.handle(named(lateTable({ title: `${mark} is late` })))
  const waiting = await acme.open(await scenario('dag_timeout', { title: `A DAG of ${mark}` }))
  await acme.decide(waiting)
  await addDeadLetter(acme.store, {
    executionId: 'unreadable',
    originalId: 'unreadable',
    flow: 'alert_ingestion',
    code: 'E_PAYLOAD_UNREADABLE',
    message: mark,
    body: JSON.stringify({ mark }),
  })
  await acme.turn()
  for (const store of [acme.store, other.store]) await person(store, 'ada', 'admin')
  const own = await other.handle(lateTable({ title: 'Something of the other' }))
  return { acme, other, asked, waiting, own }
}

let tenants: Two
beforeEach(async () => {
  tenants = await two()
})

describe('another tenant', () => {
  it('is told nothing by any statement that pages, clock and tasks ask, and changes nothing by it', async () => {
    const { acme, other, asked } = tenants
    const pages = openConsole([acme.store])
    await pages.logIn(acme.store, 'ada')
    for (const path of await readablePaths(tenants)) await pages.get(path)
    await using whole = await WholeStore.open(database().ownerUrl)
    const before = await whole.digests(acme.store.tenant)
    const statements = asked()
    // Else the test would prove nothing: these statements do show the mark to its own tenant.
    expect(statements.filter(({ hit }) => hit).length).toBeGreaterThan(20)
    expect(new Set(statements.map(({ statement }) => statement.text)).size).toBeGreaterThan(120)
    for (const one of statements) {
      const answer = JSON.stringify(await repeat(other.store, one))
      expect(without(answer, one.statement.values), one.statement.text).not.toContain(mark)
    }
    for (const one of statements) await repeat(other.store, one, { keep: true })
    expect(await whole.digests(acme.store.tenant)).toEqual(before)
  })

  it('sees nothing on any page, and changes nothing by any form', async () => {
    const { acme, other, own } = tenants
    const pages = openConsole([acme.store, other.store])
    await pages.logIn(other.store, 'ada')
    await using whole = await WholeStore.open(database().ownerUrl)
    const before = await whole.digests(acme.store.tenant)
    expect(await pages.read('/')).toContain(own)
    const paths = await readablePaths(tenants)
    expect(paths.length).toBeGreaterThan(15)
    for (const path of paths) expect(await pages.read(path), path).not.toContain(mark)
    const form = await formOf(tenants)
    for (const path of await routes('POST', tenants)) {
      if (path.endsWith('/logout') || path.endsWith('/login')) continue
      const answer = await pages.send('/', path, form)
      expect(await answer.text(), path).not.toContain(mark)
      expect(answer.status, path).not.toBe(500)
    }
    expect(await whole.digests(acme.store.tenant)).toEqual(before)
  })

  it('answers no approval of this one, though its approver is called the same', async () => {
    const { acme, other, waiting } = tenants
    await expect(approve(other.store, { incident: waiting, who: 'ada' }, other.settings)).rejects.toThrow()
    expect((await acme.incident(waiting)).state).toBe('awaiting_approval')
    await approve(acme.store, { incident: waiting, who: 'ada' }, acme.settings)
    expect((await acme.incident(waiting)).state).not.toBe('awaiting_approval')
  })

  it('has books, dead letters and a clock of its own', async () => {
    const { acme, other } = tenants
    await using whole = await WholeStore.open(database().ownerUrl)
    const before = await whole.digests(acme.store.tenant)
    const heard = acme.slack.messages.length
    await other.turn()
    expect(await whole.digests(acme.store.tenant)).toEqual(before)
    expect(acme.slack.messages.length).toBe(heard)
    expect(other.slack.messages.map((message) => JSON.stringify(message)).join()).not.toContain(mark)
    expect(await listDeadLetters(other.store, { limit: 100 })).toEqual([])
    expect(await listDeadLetters(acme.store, { limit: 100 })).toHaveLength(1)
    expect(await knownExecutions(other.store, ['unreadable'])).toEqual(new Set())
    const account = await accountOfAlerts(other.store)
    expect(Object.values(account.byEndState).reduce((sum, one) => sum + one, 0)).toBe(1)
  })
})

/** Each path of the console that is read, with this tenant's own ids in it. */
async function readablePaths(tenants: Two): Promise<string[]> {
  const paths = await routes('GET', tenants)
  return paths.filter((path) => path !== '/live' && !path.startsWith('/assets'))
}

/** The console's routes of a method as it registers them, later ones too, each parameter filled with every id of acme. */
async function routes(method: string, { acme }: Two): Promise<string[]> {
  const app = createConsole({ stores: new Map(), settings: () => ({}), publicUrl: null })
  const ids = await idsOf(acme)
  const found = app.routes.filter((route) => route.method === method && !route.path.includes('*'))
  return [...new Set(found.flatMap(({ path }) => filled(path, acme.store.tenant, ids)))]
}

function filled(path: string, tenant: string, ids: readonly string[]): string[] {
  const named = path.replace(/:tenant\b/, tenant)
  return named.includes(':') ? ids.map((id) => named.replace(/:\w+(\{[^}]*\})?/g, encodeURIComponent(id))) : [named]
}

async function idsOf({ store }: World): Promise<string[]> {
  await using whole = await WholeStore.open(database().ownerUrl)
  return [...(await whole.ids(store.tenant, 'incidents', 'id')), 'ada']
}

/** A form that would do, whatever it is asked for, if the ids were its own. */
async function formOf({ waiting }: Two): Promise<Record<string, string>> {
  return {
    incident: waiting,
    id: waiting,
    execution: 'unreadable',
    task: 'alert_ingestion',
    name: 'ada',
    role: 'viewer',
    who: 'ada',
    why: 'because it can',
    note: '',
    verdict: 'right',
    hours: '4',
    to: 'thrown',
  }
}

/** An answer without what the question itself held. */
function without(answer: string, values: readonly unknown[]): string {
  let left = answer
  for (const value of values.flat()) {
    if (typeof value !== 'string' || value === '') continue
    left = left.replaceAll(JSON.stringify(value).slice(1, -1), '').replaceAll(value, '')
  }
  return left
}
