import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { runScenario } from './evaluation.ts'
import { recordedModel } from './recorded-answers.ts'
import { readScenarios } from './scenario-files.ts'

const home = join(import.meta.dirname, '../../test_scenarios/eval')
const names = (await readdir(join(home, 'answers'))).map((file) => basename(file, '.json'))
const { scenarios } = await readScenarios(home)

it.each(names)('the recorded answer to %s ends in a safe and right decision, by the model’s path', async (name) => {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario) throw new Error(`There is no scenario ${name}.`)
  const { decision, scores } = await runScenario(scenario, { ANALYZER: 'recorded' }, await recordedModel(home, name))
  expect(scores).toMatchObject({ correct: true, falseDismissal: false, unsafe: false })
  expect(decision.analyzer === 'gemini' || decision.fallback?.startsWith('E_MODEL_ANSWER')).toBe(true)
})

it('says so where nothing is recorded, and the rules decide', async () => {
  const scenario = scenarios.find(({ name }) => !names.includes(name) && name === 'own_fault_morning_marts')
  if (!scenario) throw new Error('The scenario is gone.')
  const model = await recordedModel(home, scenario.name)
  const { decision } = await runScenario(scenario, { ANALYZER: 'recorded' }, model)
  expect(decision).toMatchObject({ analyzer: 'rules', fallback: expect.stringContaining('No answer is recorded') })
})
