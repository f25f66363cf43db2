import type { EvidenceOf } from '../../scripts/domain/evidence.ts'
import type { IncidentRecord } from '../../scripts/store/incident-record.ts'
import { incidentPath, Outward } from '../parts/links.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { Ago, At } from '../parts/time.tsx'
import { counted, endWords, sentence, spoken, stateWords } from '../parts/words.ts'

/** What happened, latest first: states of the incident, and what people did to it. */
export function TimelinePart({ record, now }: { record: IncidentRecord; now: Date }) {
  const entries = [
    ...record.timeline.map(({ at, who, why, to_state }) => ({ at, who, what: stateWords[to_state], why })),
    ...record.audit
      .filter(({ what }) => !what.startsWith('decided '))
      .map(({ at, actor, what }) => ({ at, who: actor, what: sentence(spoken(what)), why: '' })),
  ].sort((one, other) => other.at.getTime() - one.at.getTime())
  return (
    <section id="timeline" data-live aria-labelledby="timeline-title" class="panel">
      <h2 id="timeline-title">Timeline</h2>
      <ol class="timeline">
        {entries.map(({ at, who, what, why }) => (
          <li>
            <p>
              <strong>{what}</strong> <span class="muted">by {who}</span>
            </p>
            {why ? <p class="why">{why}</p> : null}
            <Ago at={at} now={now} />
          </li>
        ))}
      </ol>
    </section>
  )
}

/** The alerts that were folded into it, latest first. */
export function AlertsPart({ record }: { record: IncidentRecord }) {
  const { alerts, alertCount } = record
  return (
    <section id="alerts" data-live aria-labelledby="alerts-title" class="panel">
      <h2 id="alerts-title">Alerts</h2>
      <p class="muted">
        {counted(alertCount, 'alert')} folded into this incident
        {alertCount > alerts.length ? `; the latest ${alerts.length} are shown` : ''}.
      </p>
      <ul class="plain-list alerts">
        {alerts.map(({ alert, received_at, end_state, end_reason, step }, position) => (
          <li>
            <p>
              <SeverityMark severity={alert.severity} bare />{' '}
              {alert.url ? <Outward url={alert.url}>{alert.title}</Outward> : <strong>{alert.title}</strong>}
            </p>
            {/* Firings of one thing say the same: it stands with the first of a row of them. */}
            {alert.description === alerts[position - 1]?.alert.description ? null : (
              <p class="prose clip">{alert.description}</p>
            )}
            <p class="muted">
              {alert.source} · {alert.status} · <At at={received_at} /> · {spoken(step)}
              {end_state ? ` · ${endWords[end_state]}` : ''}
              {end_reason ? `: ${end_reason}` : ''}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What left, or is to leave: messages and fixes, with what came of each. */
export function ActionsPart({ record }: { record: IncidentRecord }) {
  return (
    <section id="actions" data-live aria-labelledby="actions-title" class="panel">
      <h2 id="actions-title">Actions</h2>
      {record.actions.length === 0 ? (
        <p class="muted">Nothing has left for this incident.</p>
      ) : (
        <ul class="plain-list">
          {record.actions.map((action) => (
            <li class="action-line">
              <span class={`state ${action.state}`}>{action.state}</span>{' '}
              <strong>
                {action.kind === 'fix' && action.remediation
                  ? `${spoken(action.remediation.template)} on ${action.remediation.target}`
                  : `${spoken(action.message?.occasion ?? 'message')} by ${spoken(action.kind)}`}
              </strong>{' '}
              <span class="muted">
                {counted(action.attempt, 'attempt')}, planned <At at={action.created_at} />
                {action.result?.reason ? `: ${action.result.reason}` : ''}
                {action.result?.reference ? ` · ${action.result.reference}` : ''}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Earlier incidents like this one, and how they ended. */
export function SimilarPart({ similar }: { similar: readonly EvidenceOf<'past_incident'>[] }) {
  return (
    <section id="similar" data-live aria-labelledby="similar-title" class="panel">
      <h2 id="similar-title">Like this before</h2>
      {similar.length === 0 ? (
        <p class="muted">Nothing like it has been seen.</p>
      ) : (
        <ul class="plain-list">
          {similar.map(({ data, observed_at }) => (
            <li>
              <p>
                <a href={incidentPath(data.incident_id)}>{data.title ?? data.incident_id}</a>
              </p>
              <p class="muted">
                {spoken(data.outcome ?? 'open')}
                {observed_at ? (
                  <>
                    {' · '}
                    <At at={new Date(observed_at)} />
                  </>
                ) : null}
                {data.similarity ? ` · ${Math.round(data.similarity * 100)} % alike` : ''}
              </p>
              {data.root_cause ? <p class="why">{data.root_cause}</p> : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
