import { Hono } from 'hono'
import { includesRole } from '../../scripts/domain/account.ts'
import { type IncidentLine, listIncidents, Shown, type Span } from '../../scripts/store/incident-list.ts'
import type { Page } from '../../scripts/store/page.ts'
import type { ConsoleContext, ConsoleEnv } from '../environment.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'
import { Pager } from '../parts/pager.tsx'
import { address, PageNumber } from '../parts/query.ts'
import { SeverityMark } from '../parts/severity.tsx'
import { SpanForm, SpanQuery, spanOf, spanParameters } from '../parts/span.tsx'
import { Table } from '../parts/table.tsx'
import { At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { counted, spoken, stateWords } from '../parts/words.ts'

export const shownWords: Record<Shown, string> = {
  all: 'All incidents',
  told: 'People were told',
  acknowledged: 'Acknowledged',
  mended: 'Mended',
  quiet: 'Not told',
  dismissed: 'Dismissed',
  logged: 'Logged as a ticket',
  silenced: 'Silenced',
  held: 'Held back',
  limited: 'Over a limit',
  old: 'Too old',
  merged: 'Folded into another',
  fix_tried: 'A fix was tried',
  fixed: 'Fixed',
  escalated: 'Escalated',
  false_alarm: 'Called a false alarm',
  was_real: 'Called real by people',
  recurring: 'Came more than once',
  by_model: 'Decided by the model',
  by_rules: 'Decided by rules',
}

const quietKinds = ['quiet', 'dismissed', 'logged', 'silenced', 'held', 'limited', 'old', 'merged'] as const

/** Lists of incidents: all that the analytics count, and what nobody was told of. */
export function incidentListPages(): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()
  pages.get('/incidents', (context) => listPage(context, '/incidents', 'all', 30))
  pages.get('/quiet', (context) => listPage(context, '/quiet', 'quiet', 7))
  return pages
}

async function listPage(context: ConsoleContext, path: '/incidents' | '/quiet', usual: Shown, days: number) {
  const query = SpanQuery.extend({ shown: Shown.catch(usual), page: PageNumber }).parse(context.req.query())
  const span = spanOf(query, new Date(), days)
  const { shown } = query
  const found = await listIncidents(context.get('store'), { span, shown, page: query.page })
  const isQuiet = path === '/quiet'
  return context.html(
    <Layout
      title={isQuiet ? 'Quiet' : shownWords[shown]}
      viewer={viewerOf(context)}
      place={isQuiet ? '/quiet' : '/analytics'}
    >
      <div>
        <h1>{isQuiet ? 'Quiet' : shownWords[shown]}</h1>
        <p class="muted">
          {isQuiet
            ? 'What nobody was told of, and why. Say “this was real” where it should have been told: it is opened again, and its people are told.'
            : 'By when they opened, the latest first.'}
        </p>
      </div>
      {isQuiet ? <Kinds shown={shown} span={span} /> : null}
      <SpanForm action={path} span={span} hidden={{ shown }} />
      <Lines found={found} isQuiet={isQuiet} viewer={viewerOf(context)} />
      <Pager {...found} of="incidents" href={(page) => address(path, { ...spanParameters(span), shown, page })} />
    </Layout>,
  )
}

function Kinds({ shown, span }: { shown: Shown; span: Span }) {
  return (
    <nav class="tabs" aria-label="Kinds of quiet">
      <ul>
        {quietKinds.map((kind) => (
          <li>
            <a
              href={address('/quiet', { ...spanParameters(span), shown: kind })}
              aria-current={kind === shown ? 'true' : undefined}
            >
              {kind === 'quiet' ? 'Everything' : shownWords[kind]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Lines({ found, isQuiet, viewer }: { found: Page<IncidentLine>; isQuiet: boolean; viewer: Viewer }) {
  if (found.total === 0) {
    return (
      <div class="empty" id="lines" data-live>
        <h2>{isQuiet ? 'Nothing was kept quiet' : 'No incident matches'}</h2>
        <p>
          {isQuiet ? 'Whatever came in these days, people were told of it.' : 'Try a longer span, or fewer filters.'}
        </p>
      </div>
    )
  }
  return (
    <section id="lines" data-live aria-label="Incidents">
      <Table
        stacks
        caption="Incidents"
        heads={['Severity', 'Incident', isQuiet ? 'Why quiet' : 'State', 'Source', 'Folded', 'Opened']}
      >
        {found.items.map((line) => (
          <tr data-row={line.id}>
            <td>
              <SeverityMark severity={line.severity} />
            </td>
            <td>
              <a href={incidentPath(line.id)}>{line.title}</a>
              {line.asset ? (
                <>
                  <br />
                  <code>{line.asset}</code>
                </>
              ) : null}
            </td>
            <td>
              {isQuiet ? (
                <Why line={line} viewer={viewer} />
              ) : (
                <span class={`state ${line.state}`}>{stateWords[line.state]}</span>
              )}
            </td>
            <td class="when">{line.source}</td>
            <td class="when">{counted(line.occurrences, 'alert')}</td>
            <td class="when">
              <At at={line.opened_at} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  )
}

function Why({ line, viewer }: { line: IncidentLine; viewer: Viewer }) {
  return (
    <>
      <span class="state">{spoken(line.quiet ?? 'not told')}</span>{' '}
      {line.merged_into ? (
        <a href={incidentPath(line.merged_into)}>{line.merged_into}</a>
      ) : (
        <span class="muted">{line.quiet_why ?? line.root_cause ?? ''}</span>
      )}
      {includesRole(viewer.person.role, 'responder') ? (
        <Form action={`${incidentPath(line.id)}/feedback`} csrf={viewer.csrf}>
          <input type="hidden" name="verdict" value="was_real" />
          <button type="submit" aria-label={`This was real: ${line.title}`}>
            This was real
          </button>
        </Form>
      ) : null}
    </>
  )
}
