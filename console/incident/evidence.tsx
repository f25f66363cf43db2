import type { Evidence } from '../../scripts/domain/evidence.ts'
import { plainText } from '../../scripts/domain/text.ts'
import { Outward } from '../parts/links.tsx'
import { At } from '../parts/time.tsx'
import { named, spoken } from '../parts/words.ts'

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
        {plainText(item.summary, longestSummary)}
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
          {textsOf(rows).map(([name, text]) => (
            <div>
              <dt>{spoken(named(name))}</dt>
              <dd>
                <Value text={text} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  )
}

const longestSummary = 1000
const mostRows = 60
const mostItems = 100
/** What is shown of one fact, of all its values together; the whole of it stands in the store, and leaves by the API. */
const longestFact = 12_000

/** What a fact holds as texts, the first ones in full. */
function textsOf(rows: readonly (readonly [string, unknown])[]): [name: string, text: string][] {
  let left = longestFact
  return rows.slice(0, mostRows).map(([name, value]) => {
    const text = plainText(textOf(value), Math.max(left, 100))
    left -= text.length
    return [name, text]
  })
}

/** A value, whatever it is: an address as a link, several lines as they are written. */
function Value({ text }: { text: string }) {
  if (/^https?:\/\/\S+$/.test(text)) return <Outward url={text}>{text}</Outward>
  return text.includes('\n') ? <pre tabindex={0}>{text}</pre> : <span>{text}</span>
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) {
    const more = value.length > mostItems ? `, and ${value.length - mostItems} more` : ''
    return `${value
      .slice(0, mostItems)
      .map((item) => plainText(textOf(item), 500))
      .join(', ')}${more}`
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
