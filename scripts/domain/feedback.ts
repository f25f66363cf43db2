import { z } from 'zod'

/**
 * What a person says about a decision: it was right; people were told of what was none; it was dismissed, or kept
 * quiet, and was real; it was an incident, of another cause.
 */
export const Verdict = z.enum(['right', 'false_alarm', 'was_real', 'wrong_cause'])
export type Verdict = z.infer<typeof Verdict>
