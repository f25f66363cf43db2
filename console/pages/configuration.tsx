import { Hono } from 'hono'
import { z } from 'zod'
import { includesRole } from '../../scripts/domain/account.ts'
import { endSilence, type KeptSilence, listSilences } from '../../scripts/store/silences.ts'
import { type Switch, thrownSwitches } from '../../scripts/store/switches.ts'
import { type ConfigurationFile, readConfiguration } from '../../scripts/workflow/configuration.ts'
import { releaseSwitch, throwSwitch } from '../../scripts/workflow/switches.ts'
import type { ConsoleEnv, Ground } from '../environment.ts'
import { Why } from '../incident/steps.ts'
import { doneWords } from '../parts/done.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { Table } from '../parts/table.tsx'
import { At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { spoken } from '../parts/words.ts'
import { notFound, parsed } from '../refusal.ts'
import { requireRole } from '../security/session.ts'

const mostLines = 2000
const longestLine = 500

const SwitchForm = z.object({
  to: z.enum(['thrown', 'released']),
  why: Why,
})

/** What is in force: silences, and the team's files as they are loaded, with faults shown where they are. */
export function configurationPage(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', async (context) => {
    const viewer = viewerOf(context)
    const [switches, silences, files] = await Promise.all([
      thrownSwitches(context.get('store')),
      listSilences(context.get('store')),
      readConfiguration(ground.settings(viewer.tenant)),
    ])
    return context.html(
      <Layout title="Configuration" viewer={viewer} place="/configuration" done={doneWords(context.req.query('done'))}>
        <h1>Configuration</h1>
        <KillSwitch thrown={switches} viewer={viewer} />
        <Silences silences={silences} viewer={viewer} />
        {files.length === 0 ? (
          <p class="fault">DIM_CONFIG_DIR is not set: the console does not know where the files are.</p>
        ) : (
          files.map((file) => <File file={file} />)
        )}
      </Layout>,
    )
  })

  pages.post('/switch', requireRole('responder'), async (context) => {
    const form = parsed(SwitchForm, await context.req.parseBody())
    const turn = { subject: '*', who: context.get('person').name, why: form.why } as const
    const store = context.get('store')
    if (form.to === 'thrown') await throwSwitch(store, turn)
    else await releaseSwitch(store, turn, ground.settings(store.tenant))
    return context.redirect(`/configuration?done=switch_${form.to}`, 303)
  })

  pages.post('/end-silence', requireRole('responder'), async (context) => {
    const { id } = await context.req.parseBody()
    if (typeof id !== 'string' || !(await endSilence(context.get('store'), id, context.get('person').name))) {
      throw notFound('This silence')
    }
    return context.redirect('/configuration?done=silence_ended', 303)
  })

  return pages
}

function KillSwitch({ thrown, viewer }: { thrown: readonly Switch[]; viewer: Viewer }) {
  const all = thrown.find(({ subject }) => subject === '*')
  const others = thrown.filter(({ subject }) => subject !== '*')
  const to = all ? 'released' : 'thrown'
  return (
    <section class="panel" id="switch" data-live aria-labelledby="switch-title">
      <h2 id="switch-title">Kill switch</h2>
      {all ? (
        <p>
          <span class="state escalated">thrown</span> by {all.who}, <At at={all.at} />: {all.why}. Nothing is fixed
          until it is released.
        </p>
      ) : (
        <p class="muted">Not thrown: what policy allows may be fixed.</p>
      )}
      {others.map(({ subject, who, why }) => (
        <p>
          <span class="state escalated">{spoken(subject)} is off</span> by {who}: {why}
        </p>
      ))}
      {includesRole(viewer.person.role, 'responder') ? (
        <details id="turn" class="foldout">
          <summary>{all ? 'Release it' : 'Throw it'}</summary>
          <Form action="/configuration/switch" csrf={viewer.csrf} class="stacked">
            <input type="hidden" name="to" value={to} />
            <label>
              Why
              <input name="why" required minlength={3} maxlength={500} />
            </label>
            {all ? <p class="muted">Policy’s admins alone may release it.</p> : null}
            <button type="submit" class={all ? 'primary' : 'danger'}>
              {all ? 'Let fixes run again' : 'Stop every fix'}
            </button>
          </Form>
        </details>
      ) : null}
    </section>
  )
}

function Silences({ silences, viewer }: { silences: readonly KeptSilence[]; viewer: Viewer }) {
  const mayEnd = includesRole(viewer.person.role, 'responder')
  return (
    <section class="panel" id="silences" data-live aria-labelledby="silences-title">
      <h2 id="silences-title">Silences</h2>
      {silences.length === 0 ? (
        <p class="muted">Nothing is silenced. A silence is set on an incident’s page, or by npm run silence.</p>
      ) : (
        <Table caption="Silences" heads={['About', 'Why', 'Until', 'By', '']}>
          {silences.map((silence) => (
            <tr data-row={silence.id}>
              <th scope="row">
                {[silence.asset, silence.source, ...Object.entries(silence.labels).map((pair) => pair.join('='))]
                  .filter(Boolean)
                  .join(', ')}
              </th>
              <td>{silence.name}</td>
              <td>
                {silence.cron ? `${silence.cron} for ${silence.minutes} min` : ''}{' '}
                {silence.ends_at ? <At at={silence.ends_at} /> : null}
              </td>
              <td>{silence.created_by}</td>
              <td>
                {mayEnd ? (
                  <Form action="/configuration/end-silence" csrf={viewer.csrf}>
                    <input type="hidden" name="id" value={silence.id} />
                    <button type="submit" aria-label={`End the silence ${silence.id}`}>
                      End
                    </button>
                  </Form>
                ) : null}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}

function File({ file }: { file: ConfigurationFile }) {
  const lines = file.text?.split('\n') ?? []
  return (
    <section class="panel" aria-label={file.name}>
      <h2>
        {file.name} <span class="muted">{file.what}</span>
      </h2>
      {file.fault ? (
        <pre class="fault" tabindex={0}>
          {file.fault}
        </pre>
      ) : file.text === null ? (
        <p class="muted">There is no such file: the product goes on without.</p>
      ) : (
        <p>
          <span class="state sent">in force</span>
        </p>
      )}
      {file.text === null ? null : (
        <details id={`text-of-${file.name.replace('.', '-')}`} open={file.fault !== null}>
          <summary>As it is loaded</summary>
          <ol class="source" tabindex={0}>
            {lines.slice(0, mostLines).map((line, index) => (
              <li class={file.faultLines.has(index + 1) ? 'faulty' : undefined}>
                <code>
                  {(line.length > longestLine ? `${line.slice(0, longestLine).toWellFormed()}…` : line) || ' '}
                </code>
                {file.faultLines.has(index + 1) ? <span class="unseen"> — here is a fault</span> : null}
              </li>
            ))}
          </ol>
          {lines.length > mostLines ? <p class="muted">{lines.length - mostLines} more lines are not shown.</p> : null}
        </details>
      )}
    </section>
  )
}
