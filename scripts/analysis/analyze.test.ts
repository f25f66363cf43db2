import { describe, expect, it } from 'vitest'
import { entry, host, openPolicy, piece, situationOf, stuckDag } from '../../tests/support/evidence.ts'
import type { AnalysisInput } from '../domain/assess/situation.ts'
import type { Proposal } from '../domain/decision.ts'
import { analyze } from './analyze.ts'
import type { Model } from './model.ts'
import { analyzeWithRules } from './rules.ts'

const settings = { ANALYZER: 'gemini' }

/** A model that answers these, one after the other, and keeps what it was asked. */
function modelOf(...answers: Partial<Proposal>[]): Model & { asked: string[] } {
  const asked: string[] = []
  return {
    name: 'gemini-2.5-flash',
    asked,
    async ask(_, turns) {
      const answer = {
        ...analyzeWithRules(stuckDag()).proposal,
        ...answers[Math.min(asked.length, answers.length - 1)],
      }
      asked.push(turns.map(({ text }) => text).join('\n'))
      return { text: JSON.stringify(answer), finishReason: 'STOP', inputTokens: 1000, outputTokens: 200 }
    },
  }
}

describe('analyze', () => {
  it('does not ask the model what the cheap pass settles', async () => {
    const well = situationOf(
      { asset: host, category: 'resource' },
      entry('worker-3', 3),
      piece('metric', { name: 'memory', value: 85, baseline_mean: 82, baseline_max: 88 }),
    )
    const model = modelOf({})
    const { record } = await analyze(well, settings, { model })
    expect(record).toMatchObject({ analyzer: 'rules', cheap_pass: true, rule: 'within_normal' })
    expect(model.asked).toEqual([])
  })

  it.each([
    ['the source', { llm: 'never' as const }],
    ['the asset', { llm_never: ['nightly_*'] }],
  ])('sends nothing where policy says never for %s', async (_, policy) => {
    const model = modelOf({})
    const input = { ...stuckDag(), policy: { ...openPolicy, ...policy } }
    const { record } = await analyze(input, settings, { model })
    expect(record).toMatchObject({ analyzer: 'rules', fallback: 'policy keeps it from the model' })
    expect(model.asked).toEqual([])
  })

  it('sends placeholders, and puts back what they stand for', async () => {
    const input = {
      ...stuckDag(),
      alerts: stuckDag().alerts.map((alert) => ({ ...alert, description: 'ask ada@shop.example of Project Heron' })),
      policy: { ...openPolicy, model: { ...openPolicy.model, hidden_names: ['Project Heron'] } },
    }
    const model = modelOf({ root_cause: '<email_1> of <name_1> stopped it [task_failure]' })
    const { proposal } = await analyze(input, settings, { model })
    expect(model.asked[0]).toContain('ask <email_1> of <name_1>')
    expect(model.asked[0]).not.toMatch(/ada@|Heron/)
    expect(proposal.root_cause).toBe('ada@shop.example of Project Heron stopped it [task_failure]')
  })

  describe('a second look', () => {
    const look = async (first: Partial<Proposal>, second: Partial<Proposal>, input: AnalysisInput = stuckDag()) => {
      const model = modelOf(first, second)
      const gatherAgain = async () => stuckDag().evidence
      const analysis = await analyze(input, settings, { model, gatherAgain })
      return { ...analysis, asked: model.asked.length }
    }

    it('is not taken by one who is sure', async () => {
      expect((await look({ confidence: 0.9 }, {})).asked).toBe(1)
    })

    it('is not worth it where little depends on it', async () => {
      const minor = stuckDag().evidence.map((item) =>
        item.kind === 'catalog_entry' ? entry('nightly_orders', 4, { sla_minutes: 100_000 }) : item,
      )
      expect((await look({ confidence: 0.5 }, {}, { ...stuckDag(), evidence: minor })).asked).toBe(1)
    })

    it('never makes it surer, and never changes what is proposed', async () => {
      const { proposal, record } = await look({ confidence: 0.6 }, { confidence: 1, severity: 'LOW' })
      expect(proposal).toMatchObject({ confidence: 0.6, severity: 'CRITICAL' })
      expect(record).toMatchObject({ second_look: 'agrees', tokens: 2400 })
    })

    it('makes it unsure where the two differ', async () => {
      const { proposal, record } = await look(
        { confidence: 0.7 },
        { confidence: 0.9, recommended_action: 'notify_team', remediation: null },
      )
      expect(proposal).toMatchObject({ confidence: 0.5, recommended_action: 'auto_fix' })
      expect(record.second_look).toBe('differs')
    })
  })
})
