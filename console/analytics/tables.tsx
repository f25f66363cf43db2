import type { ModelDay } from '../../scripts/store/model-usage.ts'
import type { Noisy } from '../../scripts/store/noisiest.ts'
import type { Agreement } from '../../scripts/store/shadow.ts'
import type { ModelBudget } from '../../scripts/workflow/model-budget.ts'
import { incidentPath } from '../parts/links.tsx'
import { Table } from '../parts/table.tsx'
import { named, spoken, whole } from '../parts/words.ts'

/** Which rules of the monitors bring the most alerts, and what comes of them. */
export function NoisiestRules({ rules }: { rules: readonly Noisy[] }) {
  return (
    <section class="panel" aria-labelledby="rules-title">
      <h2 id="rules-title">Fold ratio by rule</h2>
      <p class="muted">
        The conditions that brought the most alerts; one that rarely tells anybody wants a better threshold.
      </p>
      {rules.length === 0 ? (
        <p class="muted">Nothing in these days.</p>
      ) : (
        <Table caption="Fold ratio by rule" heads={['Rule', 'Source', 'Alerts', 'Incidents', 'Alerts each', 'Told']}>
          {rules.map(({ title, source, alerts, incidents, told, latest }) => (
            <tr>
              <th scope="row">
                <a href={incidentPath(latest)}>{title}</a>
              </th>
              <td>{named(source)}</td>
              <td>{whole(alerts)}</td>
              <td>{whole(incidents)}</td>
              <td>{(alerts / incidents).toFixed(1)}</td>
              <td>{whole(told)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}

/** Whether people did what the product would have done: to be looked at before a template is allowed. */
export function ShadowAgreement({ agreement }: { agreement: readonly Agreement[] }) {
  return (
    <section class="panel" aria-labelledby="agreement-title">
      <h2 id="agreement-title">Agreement in shadow mode</h2>
      <p class="muted">
        Fixes that were proposed and left to people in these days. Agreement: of those of which it can be told, the
        share that people did the very same way.
      </p>
      {agreement.length === 0 ? (
        <p class="muted">No fix was left to people.</p>
      ) : (
        <Table
          caption="Agreement by template"
          heads={['Fix', 'Proposed', 'The same', 'Otherwise', 'Not known', 'Agreement']}
        >
          {agreement.map(({ template, proposed, same, other, unknown, score }) => (
            <tr>
              <th scope="row">{spoken(template)}</th>
              <td>{whole(proposed)}</td>
              <td>{whole(same)}</td>
              <td>{whole(other)}</td>
              <td>{whole(unknown)}</td>
              <td>{score === null ? '—' : `${Math.round(score * 100)} %`}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}

/** Tokens and money of each day, beside what a day may cost. */
export function ModelDays({ days, budget }: { days: readonly ModelDay[]; budget: ModelBudget | null }) {
  const share = (used: number, limit: number | undefined) => (limit ? ` (${Math.round((100 * used) / limit)} %)` : '')
  return (
    <section class="panel" aria-labelledby="model-title">
      <h2 id="model-title">The model, day by day</h2>
      <p class="muted">
        What all analyses of a day used, whatever became of them, and its part of what a day may cost now.
      </p>
      {days.length === 0 ? (
        <p class="muted">No model was asked in these days.</p>
      ) : (
        <Table caption="The model by day" heads={['Day', 'Analyses', 'Tokens', 'Money']}>
          {days.map(({ day, calls, tokens, cost_usd }) => (
            <tr>
              <th scope="row">{day}</th>
              <td>{whole(calls)}</td>
              <td>
                {whole(tokens)}
                <span class="muted">{share(tokens, budget?.tokens_per_day)}</span>
              </td>
              <td>
                ${cost_usd.toFixed(2)}
                <span class="muted">{share(cost_usd, budget?.usd_per_day)}</span>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}
