import { z } from 'zod'
import type { Analytics } from '../../scripts/store/analytics.ts'
import { Shown } from '../../scripts/store/incident-list.ts'

/** One number about a span, how it is computed, and which incidents it counts. */
export const Figure = z.object({
  name: z.string(),
  /** Null where there is nothing to compute it from. */
  value: z.number().nullable(),
  unit: z.enum(['count', 'seconds', 'share', 'ratio', 'USD', 'tokens']),
  how: z.string(),
  shown: Shown.nullable(),
})
export type Figure = z.infer<typeof Figure>

/** Every figure, in the order in which they are shown. */
export function figuresOf({ totals }: Pick<Analytics, 'totals'>): Figure[] {
  const share = (part: number, of: number) => (of === 0 ? null : part / of)
  return [
    {
      name: 'MTTA',
      value: totals.mtta_s,
      unit: 'seconds',
      how: 'Mean time from opening to acknowledging, over those acknowledged.',
      shown: 'acknowledged',
    },
    {
      name: 'MTTA, median',
      value: totals.mtta_median_s,
      unit: 'seconds',
      how: 'Half of those acknowledged were so within this time.',
      shown: 'acknowledged',
    },
    {
      name: 'MTTR',
      value: totals.mttr_s,
      unit: 'seconds',
      how: 'Mean time from opening to its end, over those that were told or fixed and are well again.',
      shown: 'mended',
    },
    {
      name: 'MTTR, median',
      value: totals.mttr_median_s,
      unit: 'seconds',
      how: 'Half of those were well again within this time.',
      shown: 'mended',
    },
    {
      name: 'Fold ratio',
      value: share(totals.alerts, totals.incidents),
      unit: 'ratio',
      how: 'Alerts divided by the incidents they became.',
      shown: 'all',
    },
    {
      name: 'False alarms',
      value: share(totals.false_alarms, totals.judged_told),
      unit: 'share',
      how: 'Of what was told and people judged, the share they called a false alarm; each person’s last word counts.',
      shown: 'false_alarm',
    },
    {
      name: 'False dismissals',
      value: share(totals.was_real, totals.judged_quiet),
      unit: 'share',
      how: 'Of what was not told and people judged, the share they called real.',
      shown: 'was_real',
    },
    {
      name: 'Recurring',
      value: share(totals.recurring, totals.incidents),
      unit: 'share',
      how: 'Incidents whose condition opened more than once in these days.',
      shown: 'recurring',
    },
    {
      name: 'Dismissed',
      value: totals.dismissed,
      unit: 'count',
      how: 'Decided to be no incident.',
      shown: 'dismissed',
    },
    {
      name: 'Fixes tried',
      value: totals.fix_tried,
      unit: 'count',
      how: 'Incidents on which a fix was run at least once.',
      shown: 'fix_tried',
    },
    {
      name: 'Fixes verified',
      value: totals.fixed,
      unit: 'count',
      how: 'Closed by a fix whose target was seen to be well again.',
      shown: 'fixed',
    },
    {
      name: 'Escalated',
      value: totals.escalated,
      unit: 'count',
      how: 'Handed to people after a fix failed or was refused; those still so.',
      shown: 'escalated',
    },
    {
      name: 'Decided by the model',
      value: share(totals.by_model, totals.by_model + totals.by_rules),
      unit: 'share',
      how: 'Of all decisions and proposals; rules made the others.',
      shown: 'by_model',
    },
    {
      name: 'Rules stood in',
      value: totals.fallbacks,
      unit: 'count',
      how: 'Analyses in which the model was asked and rules had to answer.',
      shown: 'by_rules',
    },
    {
      name: 'Tokens',
      value: totals.tokens,
      unit: 'tokens',
      how: 'Of all analyses of these incidents.',
      shown: 'by_model',
    },
    {
      name: 'Model cost',
      value: totals.cost_usd,
      unit: 'USD',
      how: 'Tokens at the price list of the release.',
      shown: 'by_model',
    },
    {
      name: 'Messages',
      value: totals.messages,
      unit: 'count',
      how: 'Sent by any channel, updates included.',
      shown: 'told',
    },
  ]
}
