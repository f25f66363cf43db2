import { Hono } from 'hono'
import { includesRole } from '../../scripts/domain/account.ts'
import type { DeadLetter } from '../../scripts/store/dead-letters.ts'
import { listDeadLetters } from '../../scripts/store/dead-letters.ts'
import { listSources, type SourceHeard } from '../../scripts/store/sources.ts'
import { policyModes } from '../../scripts/workflow/policy.ts'
import { replayDeadLetter } from '../../scripts/workflow/replay-dead-letter.ts'
import { taughtMonitorsOr } from '../../scripts/workflow/taught-monitors.ts'
import type { ConsoleEnv, Ground } from '../environment.ts'
import { log } from '../log.ts'
import { doneWords } from '../parts/done.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { Table } from '../parts/table.tsx'
import { Ago, At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { whole } from '../parts/words.ts'
import { notFound, Refusal } from '../refusal.ts'
import { requireRole } from '../security/session.ts'

const mostLetters = 100

/** Who posts alerts, when each was last heard, and what could not be read. */
export function sourcePages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', async (context) => {
    const store = context.get('store')
    const [sources, letters] = await store.transaction(
      async (query) => [await listSources(query), await listDeadLetters(query, { limit: mostLetters })] as const,
    )
    const modes = await policyModes(
      ground.settings(store.tenant),
      sources.map(({ source }) => source),
    ).catch(() => null)
    const viewer = viewerOf(context)
    return context.html(
      <Layout title="Sources" viewer={viewer} place="/sources" done={doneWords(context.req.query('done'))}>
        <h1>Sources</h1>
        <Heard sources={sources} modes={modes} now={new Date()} />
        <Letters letters={letters} viewer={viewer} />
      </Layout>,
    )
  })

  pages.post('/replay', requireRole('responder'), async (context) => {
    const store = context.get('store')
    const form = await context.req.parseBody()
    const letters = await listDeadLetters(store, { limit: 1000 })
    const letter = letters.find(({ execution_id, task }) => execution_id === form.execution && task === form.task)
    if (!letter) throw notFound('This dead letter')
    const settings = ground.settings(store.tenant)
    const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, log)
    const outcome = await replayDeadLetter(store, letter, taught, settings)
    if (outcome !== 'taken')
      throw new Refusal(409, `It stays a dead letter: ${outcome}.`, 'Nothing is lost: it is kept as it came.')
    return context.redirect('/sources?done=replayed', 303)
  })

  return pages
}

function Heard({
  sources,
  modes,
  now,
}: {
  sources: readonly SourceHeard[]
  modes: ReadonlyMap<string, string> | null
  now: Date
}) {
  return (
    <section id="heard" data-live aria-label="Sources">
      {sources.length === 0 ? (
        <div class="empty">
          <h2>No source was heard yet</h2>
          <p>Post an alert to the webhook, or connect a monitor as SETUP.md says; it shows here by itself.</p>
        </div>
      ) : (
        <Table caption="Sources" heads={['Source', 'Mode', 'Last heard', 'Deliveries', 'State']}>
          {sources.map((source) => (
            <tr data-row={source.source}>
              <th scope="row">{source.source}</th>
              <td>{modes?.get(source.source) ?? <span class="muted">policy.yaml can’t be read</span>}</td>
              <td>{source.last_heard_at ? <Ago at={source.last_heard_at} now={now} /> : 'never'}</td>
              <td>{whole(source.heard)}</td>
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
    </section>
  )
}

function Letters({ letters, viewer }: { letters: readonly DeadLetter[]; viewer: Viewer }) {
  const mayReplay = includesRole(viewer.person.role, 'responder')
  return (
    <section id="letters" data-live aria-labelledby="letters-title" class="panel">
      <h2 id="letters-title">Dead letters</h2>
      {letters.length === 0 ? (
        <p class="muted">Everything that was accepted could be read.</p>
      ) : (
        <ul class="plain-list">
          {letters.map((letter) => (
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
      {letters.length === mostLetters ? <p class="muted">The oldest {mostLetters} are shown.</p> : null}
    </section>
  )
}
