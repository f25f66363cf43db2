import { z } from 'zod'
import { Analytics, analytics } from '../../scripts/store/analytics.ts'
import type { Store } from '../../scripts/store/connection.ts'
import type { Span } from '../../scripts/store/incident-list.ts'
import { ModelDay, modelDays } from '../../scripts/store/model-usage.ts'
import { Noisy, noisiestRules } from '../../scripts/store/noisiest.ts'
import { Agreement, shadowAgreement } from '../../scripts/store/shadow.ts'

/** All that the analytics show of a span. */
export const Report = Analytics.extend({
  /** The monitors' rules that brought the most alerts. */
  rules: z.array(Noisy),
  /** By template: fixes that were left to people, and what people did. */
  agreement: z.array(Agreement),
  /** Days on which the model was asked. */
  model: z.array(ModelDay),
})
export type Report = z.infer<typeof Report>

/** The report of a span, as of one moment. */
export function loadReport(store: Store, span: Span): Promise<Report> {
  return store.transaction(async (query) => ({
    ...(await analytics(query, span)),
    rules: await noisiestRules(query, span),
    agreement: await shadowAgreement(query, span),
    model: await modelDays(query, span),
  }))
}
