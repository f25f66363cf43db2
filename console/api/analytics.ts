import { z } from 'zod'
import { Analytics, analytics } from '../../scripts/store/analytics.ts'
import { Figure, figuresOf } from '../analytics/figures.ts'
import { type Operation, operation } from './operation.ts'
import { SpanQuery, spanOf } from './shapes.ts'

export const analyticsOperations: readonly Operation[] = [
  operation({
    id: 'analytics.get',
    method: 'get',
    path: '/analytics',
    summary: 'Every figure with how it is computed, days, sources, assets and owners, over a year at most',
    role: 'viewer',
    query: SpanQuery,
    answers: z
      .object({ from: z.date(), to: z.date(), figures: z.array(Figure), ...Analytics.shape })
      .meta({ id: 'Analytics' }),
    async run({ store }, { query }) {
      const span = spanOf(query)
      const found = await analytics(store, span)
      return { from: span.from, to: span.to, figures: figuresOf(found), ...found }
    },
  }),
]
