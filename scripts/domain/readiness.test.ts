import { expect, it } from 'vitest'
import { type Agreement, againstActing, agreementOf } from './readiness.ts'

const good: Agreement = {
  source: 'alertmanager',
  decided: 80,
  told: 40,
  toldJudged: 12,
  toldReal: 11,
  quiet: 40,
  quietJudged: 12,
  quietReal: 0,
}

it.each<[string, Partial<Agreement>, string[]]>([
  ['is ready with enough words, all of them good', {}, []],
  ['is not while one that was kept quiet was real', { quietReal: 1 }, ['1 that were kept quiet were real']],
  [
    'is not by what people were told of alone',
    { toldJudged: 30, toldReal: 30, quietJudged: 3 },
    ['3 of 10 quiet ones judged'],
  ],
  ['is not while few judged', { toldJudged: 5, toldReal: 5 }, ['17 of 20 judged']],
  ['is not while false alarms are many', { toldReal: 5 }, ['71 % agree, 90 % are wanted']],
  [
    'is not when nobody said anything',
    { toldJudged: 0, toldReal: 0, quietJudged: 0 },
    ['0 of 20 judged', '0 of 10 quiet ones judged'],
  ],
])('%s', (_what, changes, against) => {
  expect(againstActing({ ...good, ...changes })).toEqual(against)
})

it('has no agreement where nothing was judged', () => {
  expect(agreementOf({ ...good, toldJudged: 0, toldReal: 0, quietJudged: 0 })).toBeNull()
})
