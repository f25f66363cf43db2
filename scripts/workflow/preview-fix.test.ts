import { expect, test } from 'vitest'
import { openConsole, person } from '../../tests/support/console.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadApproval } from '../store/approvals.ts'
import { approve } from './approval.ts'
import { previewFix } from './preview-fix.ts'

const { world } = useWorlds()
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
