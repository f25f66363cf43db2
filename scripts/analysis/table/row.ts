import type { Situation } from '../../domain/assess/situation.ts'
import type { Verdict } from '../verdict.ts'

/** One row of the decision table: when it applies it answers, with what it rests on and why. */
export interface Row {
  readonly name: string
  /** It needs no second opinion: where it finds no trouble, the model is not asked. */
  readonly isCheap?: true
  readonly decide: (situation: Situation) => Verdict | null
}
