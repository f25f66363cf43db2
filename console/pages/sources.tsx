import { Hono } from 'hono'
import { z } from 'zod'
import { includesRole } from '../../scripts/domain/account.ts'
import { type DeadLetter, findDeadLetter, pageOfDeadLetters } from '../../scripts/store/dead-letters.ts'
import type { Page } from '../../scripts/store/page.ts'
import { type SourceStanding, sourceStandings } from '../../scripts/workflow/source-standing.ts'
import type { ConsoleEnv, Ground } from '../environment.ts'
import { doneWords } from '../parts/done.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { Pager } from '../parts/pager.tsx'
import { address, PageNumber } from '../parts/query.ts'
import { replay } from '../parts/replay.ts'
import { Table } from '../parts/table.tsx'
import { Ago, At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { named, whole } from '../parts/words.ts'
import { notFound, parsed } from '../refusal.ts'
import { requireRole } from '../security/session.ts'
import { KeyInUse, Keys } from './source-keys.tsx'

const lettersShown = 50

const LetterForm = z
  .object({ execution: z.string().max(200), task: z.string().max(200) })
  .transform(({ execution, task }) => ({ executionId: execution, task }))

/** Who posts alerts, when each was last heard, and what could not be read. */
export function sourcePages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', async (context) => {
    const store = context.get('store')
    const standing = await sourceStandings(store, ground.settings(store.tenant))
    const page = PageNumber.parse(context.req.query('page'))
    const letters = await pageOfDeadLetters(store, { page, size: lettersShown })
    const viewer = viewerOf(context)
    const now = new Date()
    return context.html(
      <Layout title="Sources" viewer={viewer} place="/sources" done={doneWords(context.req.query('done'))}>
        <h1>Sources</h1>
        <Keys {...standing} now={now} />
        <Heard sources={standing.items} now={now} />
        <Letters letters={letters} viewer={viewer} />
      </Layout>,
    )
  })

  pages.post('/replay', requireRole('responder'), async (context) => {
    const store = context.get('store')
    const letter = await findDeadLetter(store, parsed(LetterForm, await context.req.parseBody()))
    if (!letter) throw notFound('This dead letter')
    await replay(store, letter, ground.settings(store.tenant))
    return context.redirect('/sources?done=replayed', 303)
  })

  return pages
}

function Heard({ sources, now }: { sources: readonly SourceStanding[]; now: Date }) {
  return (
    <section id="heard" data-live aria-label="Sources">
      {sources.length === 0 ? (
        <div class="empty">
          <h2>No source was heard yet</h2>
          <p>Post an alert to the webhook, or connect a monitor as SETUP.md says; it shows here by itself.</p>
        </div>
      ) : (
        <Table
          caption="Sources"
          heads={[
            'Source',
            'Mode',
            'Last heard',
            'Deliveries',
            'Alerts in 1 h · 24 h',
            'Ignored in 24 h',
            'Agreement',
            'Key',
            'State',
          ]}
        >
          {sources.map((source) => (
            <tr data-row={source.source}>
              <th scope="row">{named(source.source)}</th>
              <td>{source.mode ?? <span class="muted">policy.yaml can’t be read</span>}</td>
              <td>{source.last_heard_at ? <Ago at={source.last_heard_at} now={now} /> : 'never'}</td>
              <td>{whole(source.heard)}</td>
              <td>
                {whole(source.alerts_last_hour)} · {whole(source.alerts_last_day)}
              </td>
              <td>{whole(source.ignored_last_day)}</td>
              <td>
                {source.compared === 0 ? (
                  <span class="muted">nothing to compare</span>
                ) : (
                  `${Math.round((100 * source.agreed) / source.compared)} % of ${whole(source.compared)}`
                )}
              </td>
              <td>
                <KeyInUse source={source} now={now} />
              </td>
              <td>
                {source.silent_since ? (
                  <span class="state escalated">
                    silent since <At at={source.silent_since} />
                  </span>
                ) : source.expected_since ? (
                  'heard as expected'
                ) : (
                  <span class="muted">not expected to report</span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <p class="muted">
        Ignored: a resolve of nothing that was open, pure information, an echo of our own. Agreement: of the fixes that
        were left to people, the share that people did the same way; what to look at before allowing them.
      </p>
    </section>
  )
}

function Letters({ letters, viewer }: { letters: Page<DeadLetter>; viewer: Viewer }) {
  const mayReplay = includesRole(viewer.person.role, 'responder')
  return (
    <section id="letters" data-live aria-labelledby="letters-title" class="panel">
      <h2 id="letters-title">Dead letters</h2>
      {letters.total === 0 ? (
        <p class="muted">Everything that was accepted could be read.</p>
      ) : (
        <ul class="plain-list">
          {letters.items.map((letter) => (
            <li data-row={`${letter.execution_id}/${letter.task}`}>
              <p>
                <span class="state failed">{letter.code}</span> {letter.message}
              </p>
              <p class="muted">
                {letter.task} · execution <code>{letter.execution_id}</code> · <At at={letter.created_at} />
              </p>
              {letter.payload === null ? (
                <p class="muted">It holds no body: the flow failed after the alert was taken in.</p>
              ) : (
                <>
                  <details id={`letter-${letter.execution_id}`}>
                    <summary>What was sent</summary>
                    <pre tabindex={0}>{letter.payload.slice(0, 8000)}</pre>
                  </details>
                  {mayReplay ? (
                    <Form action="/sources/replay" csrf={viewer.csrf}>
                      <input type="hidden" name="execution" value={letter.execution_id} />
                      <input type="hidden" name="task" value={letter.task} />
                      <button type="submit">Take it in again</button>
                    </Form>
                  ) : null}
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <Pager {...letters} of="dead letters" href={(page) => address('/sources', { page })} />
    </section>
  )
}
