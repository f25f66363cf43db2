import type { ModelBudget } from '../../scripts/workflow/model-budget.ts'
import { whole } from '../parts/words.ts'

/** What the model has used today of what it may. */
export function Budget({ budget }: { budget: ModelBudget | null }) {
  return (
    <section class="panel" id="budget" data-live aria-labelledby="budget-title">
      <h2 id="budget-title">Budget of the model</h2>
      {budget === null ? (
        <p class="muted">policy.yaml can’t be read: its fault is shown below.</p>
      ) : (
        <dl class="record">
          <div>
            <dt>Tokens today</dt>
            <dd>
              {whole(budget.tokens)} of {budget.tokens_per_day > 0 ? whole(budget.tokens_per_day) : 'any number'}
            </dd>
          </div>
          <div>
            <dt>Money today</dt>
            <dd>
              ${budget.cost_usd.toFixed(2)} of{' '}
              {budget.usd_per_day > 0 ? `$${budget.usd_per_day.toFixed(2)}` : 'any sum'}
            </dd>
          </div>
          <div>
            <dt>Analyses</dt>
            <dd>{whole(budget.calls)}</dd>
          </div>
        </dl>
      )}
      <p class="muted">Since midnight UTC. When it is spent, rules decide; policy.yaml sets it (model:).</p>
    </section>
  )
}
