import type { Decision } from '../../scripts/domain/decision.ts'
import type { DecisionLine } from '../../scripts/store/incident-record.ts'
import { SeverityMark } from '../parts/severity.tsx'
import { At } from '../parts/time.tsx'
import { actionWords, lasting, spoken, whole } from '../parts/words.ts'

/** Why it was decided so: the cause, what it rests on, what guardrails changed, who analysed, what it cost. */
export function DecisionPart({
  decisions,
  evidenceIds,
}: {
  decisions: readonly DecisionLine[]
  evidenceIds: ReadonlySet<string>
}) {
  const [latest, ...earlier] = decisions
  return (
    <section id="decision" data-live aria-labelledby="decision-title" class="panel">
      <h2 id="decision-title">Decision</h2>
      {latest?.decision ? (
        <Decided line={latest} decision={latest.decision} evidenceIds={evidenceIds} />
      ) : (
        <p class="muted">
          Nothing is decided yet. Evidence is gathered first; until then, and at the latest when the page is due, people
          are told what the monitor says.
        </p>
      )}
      {earlier.length > 0 ? (
        <details id="earlier-decisions">
          <summary>Earlier decisions ({earlier.length})</summary>
          <ul class="plain-list">
            {earlier.map(({ revision, decision, created_at }) => (
              <li>
                <span class="label">Revision {revision}</span> <At at={created_at} />{' '}
                {decision ? `${actionWords[decision.recommended_action]}: ${decision.root_cause}` : 'was not decided'}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  )
}

function Decided({
  line,
  decision,
  evidenceIds,
}: {
  line: DecisionLine
  decision: Decision
  evidenceIds: ReadonlySet<string>
}) {
  return (
    <>
      <p class="verdict">
        <span class={`action ${decision.recommended_action}`}>{actionWords[decision.recommended_action]}</span>
        <SeverityMark severity={decision.severity} />
        <span class="confidence">
          <meter min={0} max={1} value={decision.confidence} aria-label="Confidence">
            {Math.round(decision.confidence * 100)} %
          </meter>
          {Math.round(decision.confidence * 100)} % sure
        </span>
        {decision.mode === 'act' ? null : <span class="mode">mode: {decision.mode}</span>}
      </p>
      <h3>Root cause</h3>
      <p class="prose">{decision.root_cause}</p>
      <h3>Impact</h3>
      <p class="prose">{decision.business_impact || 'None named.'}</p>
      {decision.affected_assets.length > 0 ? (
        <ul class="chips" aria-label="Affected assets">
          {decision.affected_assets.slice(0, 30).map((asset) => (
            <li>
              <code>{asset}</code>
            </li>
          ))}
          {decision.affected_assets.length > 30 ? <li>and {decision.affected_assets.length - 30} more</li> : null}
        </ul>
      ) : null}
      {decision.remediation ? (
        <>
          <h3>Fix</h3>
          <p>
            {spoken(decision.remediation.template)} on <code>{decision.remediation.target}</code>
          </p>
        </>
      ) : null}
      {decision.reasoning ? (
        <>
          <h3>Reasoning</h3>
          <p class="prose">{decision.reasoning}</p>
        </>
      ) : null}
      <h3>Rests on</h3>
      <p>
        {decision.evidence_ids.length === 0
          ? 'No evidence is cited.'
          : decision.evidence_ids.map((id) => <Citation id={id} isShown={evidenceIds.has(id)} />)}
      </p>
      {decision.guardrails.length > 0 ? <Guardrails decision={decision} /> : null}
      <dl class="record">
        <div>
          <dt>Analysed by</dt>
          <dd>
            {decision.model ?? decision.analyzer}
            {decision.rule ? ` · rule ${spoken(decision.rule)}` : ''}
          </dd>
        </div>
        {decision.prompt_version ? (
          <div>
            <dt>Prompt</dt>
            <dd>{decision.prompt_version}</dd>
          </div>
        ) : null}
        <div>
          <dt>Took</dt>
          <dd>{decision.latency_ms < 1000 ? `${Math.round(decision.latency_ms)} ms` : lasting(decision.latency_ms)}</dd>
        </div>
        {decision.tokens === null ? null : (
          <div>
            <dt>Tokens</dt>
            <dd>{whole(decision.tokens)}</dd>
          </div>
        )}
        {decision.cost_usd === null ? null : (
          <div>
            <dt>Cost</dt>
            <dd>${decision.cost_usd.toFixed(4)}</dd>
          </div>
        )}
        <div>
          <dt>Revision</dt>
          <dd>{line.revision}</dd>
        </div>
      </dl>
      {decision.fallback ? <p class="muted">Rules stood in for the model: {decision.fallback}</p> : null}
    </>
  )
}

function Citation({ id, isShown }: { id: string; isShown: boolean }) {
  return isShown ? (
    <a class="citation" href={`#evidence-${id}`}>
      {id}
    </a>
  ) : (
    <span class="citation">{id}</span>
  )
}

function Guardrails({ decision }: { decision: Decision }) {
  return (
    <>
      <h3>What guardrails changed</h3>
      <ul class="guardrails">
        {decision.guardrails.map(({ rule, before, after, why }) => (
          <li>
            <span class="label">{spoken(rule)}</span>
            <span>
              <del>{spoken(before)}</del> → <ins>{spoken(after)}</ins>
            </span>
            <span class="muted">{why}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
