import type { Evidence } from '../../scripts/domain/evidence.ts'
import { Outward } from '../parts/links.tsx'
import { At } from '../parts/time.tsx'
import { spoken } from '../parts/words.ts'

const systemWords: Partial<Record<Evidence['source'], string>> = {
  alert: 'The alert itself',
  catalog: 'Catalogue',
  history: 'Past incidents',
  change: 'Changes',
  maintenance: 'Maintenance',
  airflow: 'Airflow',
  dbt: 'dbt',
  snowflake: 'Snowflake',
  postgres: 'PostgreSQL',
}

/** What was found, by the system that said it; what the decision cites is marked. */
export function EvidencePart({ evidence, cited }: { evidence: readonly Evidence[]; cited: ReadonlySet<string> }) {
  const sources = [...new Set(evidence.map(({ source }) => source))]
  return (
    <section id="evidence" data-live aria-labelledby="evidence-title" class="panel">
      <h2 id="evidence-title">Evidence</h2>
      {evidence.length === 0 ? (
        <p class="muted">
          Nothing was gathered yet. Every system that is configured is asked when the analysis begins.
        </p>
      ) : (
        sources.map((source) => (
          <section class="system">
            <h3>{systemWords[source] ?? spoken(source)}</h3>
            <ul class="plain-list">
              {evidence
                .filter((item) => item.source === source)
                .map((item) => (
                  <Fact item={item} isCited={cited.has(item.id)} />
                ))}
            </ul>
          </section>
        ))
      )}
    </section>
  )
}

function Fact({ item, isCited }: { item: Evidence; isCited: boolean }) {
  const observed = item.observed_at ? new Date(item.observed_at) : null
  const rows = Object.entries(item.data).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return (
    <li class={`fact ${item.kind === 'unavailable' ? 'unavailable' : ''}`} id={`evidence-${item.id}`}>
      <p>
        <span class={`citation${isCited ? ' cited' : ''}`}>
          {item.id}
          {isCited ? <span class="unseen">, cited by the decision</span> : null}
        </span>{' '}
        {item.summary}
      </p>
      <details id={`data-of-${item.id}`}>
        <summary>
          {spoken(item.kind)}
          {observed && !Number.isNaN(observed.getTime()) ? (
            <>
              {' · '}
              <At at={observed} />
            </>
          ) : null}
        </summary>
        <dl class="data">
          {rows.map(([name, value]) => (
            <div>
              <dt>{spoken(name)}</dt>
              <dd>
                <Value value={value} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  )
}

const longestShown = 8000

/** A value as text, whatever it is: an address as a link, several lines as they are written. */
function Value({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    return (
      <>{value.slice(0, 100).map(textOf).join(', ') + (value.length > 100 ? `, and ${value.length - 100} more` : '')}</>
    )
  }
  const text = textOf(value)
  if (/^https?:\/\/\S+$/.test(text)) return <Outward url={text}>{text}</Outward>
  return text.includes('\n') ? <pre tabindex={0}>{text}</pre> : <span>{text}</span>
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
