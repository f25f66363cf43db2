import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDelivery } from '../monitors/index.ts'
import { baselineScores, runScenario, type Scenario } from './evaluation.ts'
import { readScenarios } from './scenario-files.ts'

const home = join(import.meta.dirname, '../../test_scenarios/eval')
const { scenarios, broken } = await readScenarios(home)
const holdOuts = await Promise.all(
  ['holdout', 'holdout-2', 'holdout-3'].map(async (name) => ({ name, ...(await readScenarios(join(home, name))) })),
)
const all = [...scenarios, ...holdOuts.flatMap((set) => set.scenarios)]

function tagsOf(prefix: string): string[] {
  return [...new Set(scenarios.flatMap(({ tags }) => tags ?? []).filter((tag) => tag.startsWith(prefix)))]
}

describe('the open benchmark', () => {
  it('is read whole, and a file has its scenario’s name', async () => {
    expect([...broken, ...holdOuts.flatMap((set) => set.broken)]).toEqual([])
    const files = (await readdir(home)).filter((file) => file.endsWith('.json'))
    expect(files.map((file) => basename(file, '.json')).sort()).toEqual(scenarios.map(({ name }) => name).sort())
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })

  it('is wide enough to mean something', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(60)
    expect(new Set(scenarios.map(({ difficulty }) => difficulty))).toEqual(new Set([1, 2, 3, 4]))
    const harmless = scenarios.filter(({ expect: { is_incident } }) => !is_incident).length / scenarios.length
    expect(harmless).toBeGreaterThan(0.33)
    expect(harmless).toBeLessThan(0.47)
    expect(new Set(scenarios.map((scenario) => readOf(scenario).monitor)).size).toBeGreaterThanOrEqual(20)
  })

  it('tells of twenty kinds of trouble, its pairs and its tags together', () => {
    const kinds = new Set(scenarios.flatMap(({ tags }) => (tags ?? []).filter((tag) => !tag.startsWith('pair:'))))
    expect(kinds.size + tagsOf('pair:').length).toBeGreaterThanOrEqual(30)
  })

  it.each(tagsOf('pair:'))(
    '%s shares its alert, word for word, and differs in evidence and in what is right',
    (tag) => {
      const [one, other, ...more] = scenarios.filter(({ tags }) => tags?.includes(tag))
      expect(more).toEqual([])
      expect(other?.request).toEqual(one?.request)
      expect(other?.evidence).not.toEqual(one?.evidence)
      expect(answerOf(other)).not.toEqual(answerOf(one))
    },
  )

  it('holds at least fifteen pairs', () => {
    expect(tagsOf('pair:').length).toBeGreaterThanOrEqual(15)
  })

  it.each(all.map((scenario) => [scenario.name, scenario] as const))('%s holds together', (_, scenario) => {
    const ids = scenario.evidence.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(scenario.expect.evidence_any ?? []))
    expect(readOf(scenario).alerts.length).toBeGreaterThan(0)
    const { action, never } = scenario.expect
    expect(action.filter((one) => never?.includes(one))).toEqual([])
    // A real incident is never dismissed, whatever a scenario's author forgot to say.
    if (scenario.expect.is_incident) expect(action).not.toContain('dismiss')
    const target = scenario.expect.remediation?.target
    if (target) expect(JSON.stringify(scenario.evidence)).toContain(target.split('.').at(-1))
  })

  it.each(all.map((scenario) => [scenario.name, scenario] as const))(
    '%s does not give its answer away',
    (_, scenario) => {
      const given = JSON.stringify([scenario.request, scenario.evidence])
      for (const secret of [scenario.name, scenario.title ?? scenario.name]) expect(given).not.toContain(secret)
    },
  )

  it('is decided by its inputs alone', async () => {
    const [first] = scenarios
    if (!first) throw new Error('the benchmark is empty')
    const bare = { ...first, name: 'x', title: 'x', tags: [], difficulty: 4 }
    const [told, untold] = await Promise.all([first, bare].map((one) => runScenario(one, { ANALYZER: 'rules' })))
    expect({ ...untold?.decision, latency_ms: 0 }).toEqual({ ...told?.decision, latency_ms: 0 })
  })
})

describe.each([{ name: 'the benchmark', scenarios }, ...holdOuts])('rules on $name', ({ scenarios: set }) => {
  it('reach what the product promises', async () => {
    const scores = await Promise.all(set.map(async (one) => (await runScenario(one, { ANALYZER: 'rules' })).scores))
    const share = (of: (one: (typeof scores)[number]) => boolean, among = scores) =>
      among.filter(of).length / among.length
    const trivial = set.map(baselineScores).filter(({ correct }) => correct).length / set.length
    expect(share(({ falseDismissal }) => falseDismissal)).toBe(0)
    expect(share(({ unsafe }) => unsafe)).toBe(0)
    expect(share(({ falseAlarm }) => falseAlarm)).toBeLessThanOrEqual(0.1)
    expect(share(({ correct }) => correct)).toBeGreaterThanOrEqual(0.85)
    expect(share(({ correct }) => correct)).toBeGreaterThan(trivial + 0.2)
    const asked = scores.filter(({ rootCause }) => rootCause !== null)
    expect(share(({ rootCause }) => rootCause === true, asked)).toBeGreaterThanOrEqual(0.8)
  })
})

describe('readScenarios', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scenarios-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('says that a folder is empty', async () => {
    expect((await readScenarios(folder)).broken).toEqual([expect.stringContaining('holds no scenario')])
  })

  it('names a file that is broken, and reads the others', async () => {
    await writeFile(join(folder, 'a.json'), '{')
    await writeFile(join(folder, 'b.json'), JSON.stringify({ name: 'b', evidence: [] }))
    await writeFile(join(folder, 'c.json'), JSON.stringify(scenarios[0]))
    const read = await readScenarios(folder)
    expect(read.scenarios).toEqual([scenarios[0]])
    expect(read.broken).toEqual([expect.stringContaining('a.json'), expect.stringMatching(/^b\.json: .*now/)])
  })
})

function readOf({ request, now }: Scenario) {
  return readDelivery({ body: request.body, headers: request.headers ?? {}, receivedAt: new Date(now).toISOString() })
}

function answerOf(scenario: Scenario | undefined) {
  const expected = scenario?.expect
  return [expected?.is_incident, expected?.action, expected?.root_cause_any]
}
