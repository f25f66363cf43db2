import { includesRole } from '../../scripts/domain/account.ts'
import type { Switch } from '../../scripts/store/switches.ts'
import { Form } from '../parts/form.tsx'
import type { Viewer } from '../parts/layout.tsx'
import { At } from '../parts/time.tsx'
import { spoken } from '../parts/words.ts'

/** What is stopped, by whom and why, and how to stop every fix or let them run again. */
export function KillSwitch({ thrown, viewer }: { thrown: readonly Switch[]; viewer: Viewer }) {
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
