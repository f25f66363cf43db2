import { Severity } from '../../scripts/domain/alert.ts'
import { Approval } from '../../scripts/store/approvals.ts'
import { listIncidents, Shown } from '../../scripts/store/incident-list.ts'
import { loadIncidentRecord } from '../../scripts/store/incident-record.ts'
import { listOpen } from '../../scripts/store/overview.ts'
import { steps } from '../incident/steps.ts'
import { SearchText } from '../parts/query.ts'
import { Refusal } from '../refusal.ts'
import { type Operation, operation } from './operation.ts'
import {
  Done,
  done,
  IncidentDetail,
  IncidentPath,
  IncidentSummary,
  OpenIncident,
  PageQuery,
  paged,
  SpanQuery,
  spanOf,
} from './shapes.ts'

export const incidentOperations: readonly Operation[] = [
  operation({
    id: 'incidents.open',
    method: 'get',
    path: '/incidents/open',
    summary: 'What is under way, worst and oldest first',
    role: 'viewer',
    query: PageQuery.extend({ severity: Severity.optional(), search: SearchText.optional() }),
    answers: paged(OpenIncident),
    run: ({ store }, { query: { page, size, ...filter } }) => listOpen(store, { filter, page, size }),
  }),
  operation({
    id: 'incidents.list',
    method: 'get',
    path: '/incidents',
    summary: 'Incidents of a span of days, the latest first',
    role: 'viewer',
    query: SpanQuery.extend({ ...PageQuery.shape, shown: Shown.default('all') }),
    answers: paged(IncidentSummary),
    run: ({ store }, { query: { page, size, shown, ...span } }) =>
      listIncidents(store, { span: spanOf(span), shown, page, size }),
  }),
  operation({
    id: 'incidents.quiet',
    method: 'get',
    path: '/quiet',
    summary: 'What nobody was told of, and why, the latest first',
    role: 'viewer',
    query: SpanQuery.extend({
      ...PageQuery.shape,
      shown: Shown.extract(['quiet', 'dismissed', 'logged', 'silenced', 'held', 'limited', 'old', 'merged']).default(
        'quiet',
      ),
    }),
    answers: paged(IncidentSummary),
    run: ({ store }, { query: { page, size, shown, ...span } }) =>
      listIncidents(store, { span: spanOf(span), shown, page, size }),
  }),
  operation({
    id: 'incidents.get',
    method: 'get',
    path: '/incidents/{id}',
    summary: 'One incident: alerts, evidence, decisions, actions, timeline, what people say, past ones like it',
    role: 'viewer',
    parameters: IncidentPath,
    answers: IncidentDetail,
    run: ({ store }, { path: { id } }) => loadIncidentRecord(store, id),
  }),
  operation({
    id: 'incidents.dry-run',
    method: 'get',
    path: '/incidents/{id}/dry-run',
    summary: 'What the fix that waits for approval would do, as its system says',
    role: 'viewer',
    parameters: IncidentPath,
    answers: Approval.pick({ dry_run: true, dry_run_fault: true, dry_run_at: true }),
    async run({ store }, { path: { id } }) {
      const { approval } = await loadIncidentRecord(store, id)
      const asked = approval?.state === 'asked' ? approval : null
      return {
        dry_run: asked?.dry_run ?? null,
        dry_run_fault: asked?.dry_run_fault ?? null,
        dry_run_at: asked?.dry_run_at ?? null,
      }
    },
  }),
  ...steps.map(({ name, summary, input, hint, run }) =>
    operation({
      id: `incidents.${name}`,
      method: 'post',
      path: `/incidents/{id}/${name}`,
      summary,
      role: 'responder',
      parameters: IncidentPath,
      body: input,
      answers: Done,
      async run({ store, settings, person }, { path: { id }, body }) {
        const isDone = await run({ store, settings, id, who: person.name }, body)
        if (!isDone) throw new Refusal(409, 'It can’t be done as things are now.', hint)
        return done
      },
    }),
  ),
]
