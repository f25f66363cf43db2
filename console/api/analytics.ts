import { z } from 'zod'
import { Figure, figuresOf } from '../analytics/figures.ts'
import { loadReport, Report } from '../analytics/load.ts'
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
      .object({ from: z.date(), to: z.date(), figures: z.array(Figure), ...Report.shape })
      .meta({ id: 'Analytics' }),
    async run({ store }, { query }) {
      const span = spanOf(query)
      const found = await loadReport(store, span)
      return { from: span.from, to: span.to, figures: figuresOf(found), ...found }
    },
  }),
]
