/** How the decisions about one source's incidents agree with what people said of them. */
export interface Agreement {
  source: string
  /** Incidents that were decided. */
  decided: number
  /** Of those people were told of, or would be: how many people judged, and called real. */
  told: number
  toldJudged: number
  toldReal: number
  /** Of those that were kept quiet, or would be: how many people judged, and called real. */
  quiet: number
  quietJudged: number
  quietReal: number
}

/** Judged quiet decisions that `act` should rest on: it is they that stop being seen. */
const enoughQuiet = 10
const enoughJudged = 20
const enoughAgreement = 0.9

/** Of what people judged, the share in which they saw an incident where the decision did; null while nothing is. */
export function agreementOf({ toldJudged, toldReal, quietJudged, quietReal }: Agreement): number | null {
  const judged = toldJudged + quietJudged
  return judged === 0 ? null : (toldReal + quietJudged - quietReal) / judged
}

/** What stands against letting a source act; nothing: it is ready. */
export function againstActing(one: Agreement): string[] {
  const agreement = agreementOf(one)
  const judged = one.toldJudged + one.quietJudged
  return [
    ...(one.quietReal > 0 ? [`${one.quietReal} that were kept quiet were real`] : []),
    ...(judged < enoughJudged ? [`${judged} of ${enoughJudged} judged`] : []),
    ...(one.quietJudged < enoughQuiet ? [`${one.quietJudged} of ${enoughQuiet} quiet ones judged`] : []),
    ...(agreement !== null && agreement < enoughAgreement
      ? [`${Math.round(agreement * 100)} % agree, ${enoughAgreement * 100} % are wanted`]
      : []),
  ]
}
