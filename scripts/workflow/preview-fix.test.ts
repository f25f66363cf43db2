import { expect, test } from 'vitest'
import { mentionsIn, rateLimited } from '../../tests/stand-ins/slack.ts'
import { openConsole, person } from '../../tests/support/console.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { schedule } from '../domain/schedule.ts'
import { keepDryRun, loadApproval } from '../store/approvals.ts'
import { approve } from './approval.ts'
import { previewFix } from './preview-fix.ts'

const { world } = useWorlds()
const minute = 60_000
const policy = `mode: act
auto_fix: true
allow:
  - fix: "airflow_clear_task:dag=daily_*"
    approvers: [ann]
`

/** An incident whose fix waits for an answer. */
async function waiting(): Promise<{ one: World; id: string }> {
  const one = await world({ policy })
  const id = await one.open(await scenario('dag_timeout'))
  expect(await one.decide(id)).toMatchObject({ next: 'notify', asks: true })
  return { one, id }
}

/** The incident's page, as an approver sees it through a console that holds no credentials. */
async function pageOf({ store }: World, id: string): Promise<string> {
  await person(store, 'ann', 'responder')
  const browser = openConsole([store])
  await browser.logIn(store, 'ann')
  return browser.read(`/incidents/${id}`)
}

test('what a fix would do is asked of its system, changes nothing, and is on the incident’s page', async () => {
  const { one, id } = await waiting()
  expect(await previewFix(one.store, id, one.settings)).toBe(true)
  expect(await loadApproval(one.store, id)).toMatchObject({
    state: 'asked',
    dry_run: expect.stringMatching(/^In run .+ of daily_elt_pipeline these would run again: .*load/),
    dry_run_fault: null,
    dry_run_at: expect.any(Date),
  })
  expect(one.airflow.clears).toEqual([])
  const page = await pageOf(one, id)
  expect(page).toMatch(/Blast radius<\/dt>/)
  expect(page).toMatch(/<h3>Dry run<\/h3><p class="prose">In run .+ these would run again: /)
})

test('what could not be learned is said with its reason, and asking again takes its place', async () => {
  const { one, id } = await waiting()
  expect(await previewFix(one.store, id, { ...one.settings, AIRFLOW_PASSWORD: 'wrong' })).toBe(true)
  expect(await loadApproval(one.store, id)).toMatchObject({
    dry_run: null,
    dry_run_fault: expect.stringMatching(/401/),
  })
  expect(await pageOf(one, id)).toMatch(/could not be made<\/span>/)
  await previewFix(one.store, id, one.settings)
  expect(await loadApproval(one.store, id)).toMatchObject({ dry_run: expect.any(String), dry_run_fault: null })
})

test('the message that asks waits for the answer, and quotes it', async () => {
  const { one, id } = await waiting()
  expect(await one.notify(id)).toMatchObject({ sent: 0 })
  await one.turn()
  expect(one.told(id)).toEqual([])
  await one.ask(id)
  expect(one.told(id)).toEqual([
    expect.stringMatching(/waits for ann.*\*Dry run\*\n> In run .+ of daily_elt_pipeline these would run again: /s),
  ])
})

test('a dry run that can not be had holds no message back: it says why there is none', async () => {
  const { one, id } = await waiting()
  await previewFix(one.store, id, { ...one.settings, AIRFLOW_PASSWORD: 'wrong-password' })
  await one.notify(id)
  expect(one.told(id)).toEqual([expect.stringMatching(/\*Dry run\*\nIt could not be made: .*401/)])
})

test('when nobody comes to ask for it, the clock sends the message all the same', async () => {
  const { one, id } = await waiting()
  await one.pass(schedule.dryRunMs)
  await one.turn()
  expect(one.told(id)).toEqual([expect.stringMatching(/waits for ann.*\*Dry run\*\nNot known when this was sent/s)])
  await previewFix(one.store, id, one.settings)
  await one.notify(id)
  expect(one.told(id)).toHaveLength(1)
})

test('a message that Slack was too busy for quotes what has been learned meanwhile, and still waits as Slack asked', async () => {
  const { one, id } = await waiting()
  await one.pass(schedule.dryRunMs)
  one.slack.fail(rateLimited)
  expect(await one.notify(id)).toMatchObject({ sent: 0, later: [expect.stringContaining('rate limiting')] })
  await one.ask(id)
  expect(one.told(id)).toEqual([])
  await one.pass(minute)
  await one.notify(id)
  expect(one.told(id)).toEqual([expect.stringMatching(/\*Dry run\*\n> In run /)])
})

test('what is quoted is short, and escaped for the channel', async () => {
  const { one, id } = await waiting()
  const made = { dry_run: `These would run again: <!channel> *load*\n${'load, '.repeat(500)}` }
  await keepDryRun(one.store, { incident: id, revision: 1 }, made)
  await one.notify(id)
  expect(one.slack.messages.flatMap(mentionsIn)).toEqual([])
  expect(one.told(id)).toEqual([expect.stringMatching(/> These would run again: &lt;!channel&gt; .+\n> .{500,600}…\n/)])
})

test('what whoever asked may not tell is kept and told without it', async () => {
  const { one, id } = await waiting()
  await previewFix(one.store, id, { ...one.settings, JIRA_TOKEN: 'load_warehouse' })
  await one.notify(id)
  expect(await loadApproval(one.store, id)).toMatchObject({ dry_run: expect.stringContaining('[redacted]') })
  expect(one.told(id)).toEqual([expect.stringMatching(/\*Dry run\*\n> In run .*\[redacted\]/)])
})

test('until it is there the page says so', async () => {
  const { one, id } = await waiting()
  expect(await pageOf(one, id)).toContain('Its system is being asked what would run')
})

test('of a fix that is approved, or of none, nothing is asked', async () => {
  const { one, id } = await waiting()
  await approve(one.store, { incident: id, who: 'ann' }, one.settings)
  const told = await one.handle(await scenario('schema_drift'))
  one.airflow.forget()
  for (const incident of [id, told]) expect(await previewFix(one.store, incident, one.settings)).toBe(false)
  expect(one.airflow.requests).toEqual([])
})
