import { includesRole } from '../../scripts/domain/account.ts'
import type { Incident } from '../../scripts/domain/incident.ts'
import { Form } from '../parts/form.tsx'
import type { Viewer } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'

/** What a person can do about it. Only what its state allows is offered, and only to whoever may. */
export function SteerPart({ incident, viewer }: { incident: Incident; viewer: Viewer }) {
  const path = incidentPath(incident.id)
  if (incident.closed_at !== null || !includesRole(viewer.person.role, 'responder')) return null
  const isBeingFixed = incident.state === 'fixing' || incident.state === 'verifying'
  return (
    <section id="steer" data-live aria-labelledby="steer-title" class="panel steer">
      <h2 id="steer-title">Your turn</h2>
      {isBeingFixed ? (
        <p class="muted">A fix is under way; it can be resolved by hand once the fix has ended.</p>
      ) : (
        <details id="resolve">
          <summary>Resolve</summary>
          <Form action={`${path}/resolve`} csrf={viewer.csrf} class="stacked">
            <label>
              Why it is over
              <textarea name="why" required minlength={3} maxlength={500} rows={3} />
            </label>
            <button type="submit">Resolve it</button>
          </Form>
        </details>
      )}
    </section>
  )
}
