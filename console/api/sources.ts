import { z } from 'zod'
import { DeadLetter, findDeadLetter, pageOfDeadLetters } from '../../scripts/store/dead-letters.ts'
import { SourceStanding, sourceStandings } from '../../scripts/workflow/source-standing.ts'
import { replay } from '../parts/replay.ts'
import { notFound } from '../refusal.ts'
import { type Operation, operation } from './operation.ts'
import { Done, done, PageQuery, paged } from './shapes.ts'

export const sourceOperations: readonly Operation[] = [
  operation({
    id: 'sources.list',
    method: 'get',
    path: '/sources',
    summary:
      'Who posts alerts, when each was last heard, in which mode, by which webhook key, and whether it is silent',
    role: 'viewer',
    answers: z.object({
      items: z.array(SourceStanding.meta({ id: 'Source' })),
      previous_key_used_at: z.date().nullable().describe('When anything last came with the previous webhook key.'),
    }),
    run: ({ store, settings }) => sourceStandings(store, settings),
  }),
  operation({
    id: 'dead-letters.list',
    method: 'get',
    path: '/dead-letters',
    summary: 'What could not be read, with its reason, the oldest first',
    role: 'viewer',
    query: PageQuery.extend({ all: z.stringbool().default(false).describe('With those that were replayed.') }),
    answers: paged(DeadLetter.meta({ id: 'DeadLetter' })),
    run: ({ store }, { query }) => pageOfDeadLetters(store, query),
  }),
  operation({
    id: 'dead-letters.replay',
    method: 'post',
    path: '/dead-letters/{execution}/{task}/replay',
    summary: 'Takes a dead letter in again',
    role: 'responder',
    parameters: z.object({ execution: z.string().max(200), task: z.string().max(200) }),
    answers: Done,
    async run({ store, settings }, { path: { execution: executionId, task } }) {
      const letter = await findDeadLetter(store, { executionId, task })
      if (!letter) throw notFound('This dead letter')
      await replay(store, letter, settings)
      return done
    },
  }),
]
