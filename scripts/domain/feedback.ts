import { z } from 'zod'

/**
 * What a person says about a decision: it was right; people were told of what was none; it was dismissed, or kept
 * quiet, and was real; it was an incident, of another cause.
 */
export const Verdict = z.enum(['right', 'false_alarm', 'was_real', 'wrong_cause'])
export type Verdict = z.infer<typeof Verdict>

/** What one person said last about one incident. */
export interface Statement {
  incident: string
  verdict: Verdict
  who: string
  at: Date
  /** Whether the decision that it is about called it an incident; null when nothing was decided. */
  calledIncident: boolean | null
}

/** What a statement says of the trouble itself, whatever was decided: it was none, or it was. */
export function saysNoise({ verdict, calledIncident }: Pick<Statement, 'verdict' | 'calledIncident'>): boolean {
  return verdict === 'false_alarm' || (verdict === 'right' && calledIncident === false)
}
