import { Hono } from 'hono'
import { z } from 'zod'
import { Severity } from '../../scripts/domain/alert.ts'
import { listOpen, type OpenIncidentLine, type Standing, standing } from '../../scripts/store/overview.ts'
import type { Page } from '../../scripts/store/page.ts'
import type { ConsoleEnv } from '../environment.ts'
import { Layout } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'
import { Pager } from '../parts/pager.tsx'
import { address, PageNumber, SearchText } from '../parts/query.ts'
import { SeverityMark } from '../parts/severity.tsx'
import { Ago, Deadline } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { counted, named, spoken, stateWords, whole } from '../parts/words.ts'

const Query = z.object({ severity: Severity.optional().catch(undefined), search: SearchText, page: PageNumber })
type Query = z.infer<typeof Query>

/** Now: what is under way, worst first, by itself up to date. */
export function nowPage(): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/', async (context) => {
    const query = Query.parse(context.req.query())
    const [found, numbers] = await context
      .get('store')
      .transaction(
        async (access) =>
          [await listOpen(access, { filter: query, page: query.page }), await standing(access)] as const,
      )
    return context.html(
      <Layout title="Now" viewer={viewerOf(context)} place="/">
        <h1>Now</h1>
        <Numbers numbers={numbers} query={query} />
        <search>
          <form class="search" action="/">
            {query.severity ? <input type="hidden" name="severity" value={query.severity} /> : null}
            <label>
              <span class="unseen">Search open incidents</span>
              <input
                type="search"
                name="search"
                value={query.search}
                placeholder="Title, asset or id"
                maxlength={200}
              />
            </label>
            <button type="submit">Search</button>
          </form>
        </search>
        <List found={found} query={query} now={new Date()} />
      </Layout>,
    )
  })
}

function Numbers({ numbers, query }: { numbers: Standing; query: Query }) {
  const counts: Record<Severity, number> = {
    CRITICAL: numbers.critical,
    HIGH: numbers.high,
    MEDIUM: numbers.medium,
    LOW: numbers.low,
  }
  const { search } = query
  return (
    <section id="numbers" data-live aria-label="Numbers" class="numbers">
      <ul class="counts">
        {Severity.options.map((severity) => {
          const isChosen = severity === query.severity
          return (
            <li>
              <a
                href={address('/', { severity: isChosen ? undefined : severity, search })}
                aria-current={isChosen ? 'true' : undefined}
                class={`count ${severity.toLowerCase()}${counts[severity] === 0 ? ' none' : ''}`}
              >
                <span class="figure">{whole(counts[severity])}</span>
                <SeverityMark severity={severity} />
              </a>
            </li>
          )
        })}
      </ul>
      <dl class="flow">
        <div>
          <dt>Alerts in 24 h</dt>
          <dd>{whole(numbers.alerts_today)}</dd>
        </div>
        <div>
          <dt>Incidents</dt>
          <dd>{whole(numbers.opened_today)}</dd>
        </div>
        <div>
          <dt>People told</dt>
          <dd>{whole(numbers.told_today)}</dd>
        </div>
        <div>
          <dt>Being fixed</dt>
          <dd>{whole(numbers.fixing)}</dd>
        </div>
        <div>
          <dt>Awaiting approval</dt>
          <dd>{whole(numbers.awaiting)}</dd>
        </div>
      </dl>
    </section>
  )
}

function List({ found, query, now }: { found: Page<OpenIncidentLine>; query: Query; now: Date }) {
  const { severity, search } = query
  return (
    <section id="open" data-live aria-label="Open incidents">
      {found.total === 0 ? (
        <Nothing isFiltered={severity !== undefined || search !== ''} />
      ) : (
        <ol class="incidents" aria-label="Open incidents, worst first">
          {found.items.map((line) => (
            <Line line={line} now={now} />
          ))}
        </ol>
      )}
      <Pager {...found} of="incidents" href={(page) => address('/', { severity, search, page })} />
    </section>
  )
}

function Line({ line, now }: { line: OpenIncidentLine; now: Date }) {
  return (
    <li class={`incident ${line.severity.toLowerCase()}`} data-row={line.id}>
      <div class="what">
        <SeverityMark severity={line.severity} />
        <h2>
          <a href={incidentPath(line.id)}>{line.title}</a>
        </h2>
        <p class="asset">
          {line.asset ? <code>{line.asset}</code> : <span class="muted">no asset named</span>}
          {line.environment ? <span class="muted"> · {line.environment}</span> : null}
          <span class="muted"> · {spoken(line.category)}</span>
        </p>
      </div>
      <p class="doing">
        <span class={`state ${line.state}`}>{stateWords[line.state]}</span>
        <span>{doing(line)}</span>
      </p>
      <dl class="facts">
        <div>
          <dt>Owner</dt>
          <dd>
            {line.owner ? named(line.owner) : <span class="muted">nobody named</span>}{' '}
            {line.tier === null ? null : <span class="tier">tier {line.tier}</span>}
          </dd>
        </div>
        <div>
          <dt>SLA</dt>
          <dd>
            <Deadline at={line.deadline} now={now} />
          </dd>
        </div>
        <div>
          <dt>Folded</dt>
          <dd>{counted(line.occurrences, 'alert')}</dd>
        </div>
        <div>
          <dt>Opened</dt>
          <dd>
            <Ago at={line.opened_at} now={now} />
          </dd>
        </div>
      </dl>
    </li>
  )
}

/** What is being done about it, in a few words. */
function doing(line: OpenIncidentLine): string {
  const fix = line.fix ? `${spoken(line.fix)} on ${line.fix_target ?? 'its target'}` : 'a fix'
  switch (line.state) {
    case 'open':
      return 'waits for its analysis'
    case 'analyzing':
      return 'evidence is being gathered'
    case 'awaiting_approval':
      return `${fix} waits for a person`
    case 'fixing':
      return `${fix} is running`
    case 'verifying':
      return `whether ${fix} helped is being checked`
    case 'escalated':
      return 'what was tried did not help: a person is needed'
    case 'logged':
      return 'kept as a ticket of low priority'
    case 'notified':
      return line.told_at ? 'the team has the message' : 'the message is on its way'
    case 'dismissed':
    case 'resolved':
      return ''
  }
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div class="empty">
      <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true" focusable="false">
        <circle cx="32" cy="32" r="30" />
        <path d="m19 33 9 9 17-19" />
      </svg>
      {isFiltered ? (
        <>
          <h2>No open incident matches</h2>
          <p>
            <a href="/">Show all that are open</a>
          </p>
        </>
      ) : (
        <>
          <h2>All quiet</h2>
          <p>
            No incident is open. When a monitor posts an alert to the webhook, it shows here by itself; SETUP.md says
            how to connect one.
          </p>
        </>
      )}
    </div>
  )
}
