import { includesRole } from '../../scripts/domain/account.ts'
import type { KeptSilence } from '../../scripts/store/silences.ts'
import { HoursField } from '../incident/steer.tsx'
import { Form } from '../parts/form.tsx'
import type { Viewer } from '../parts/layout.tsx'
import { Table } from '../parts/table.tsx'
import { At } from '../parts/time.tsx'
import { aboutOf } from './about.ts'

/** The silences that may still speak, and how to set or end one. */
export function Silences({ silences, viewer }: { silences: readonly KeptSilence[]; viewer: Viewer }) {
  const mayEnd = includesRole(viewer.person.role, 'responder')
  return (
    <section class="panel" id="silences" data-live aria-labelledby="silences-title">
      <h2 id="silences-title">Silences</h2>
      {silences.length === 0 ? (
        <p class="muted">Nothing is silenced. A silence is set here, on an incident’s page, or by npm run silence.</p>
      ) : (
        <Table caption="Silences" heads={['About', 'Why', 'Until', 'By', 'End']}>
          {silences.map((silence) => (
            <tr data-row={silence.id}>
              <th scope="row">{aboutOf(silence)}</th>
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
      {mayEnd ? <AddSilence viewer={viewer} /> : null}
    </section>
  )
}

function AddSilence({ viewer }: { viewer: Viewer }) {
  return (
    <details id="add-silence" class="foldout">
      <summary>Set a silence</summary>
      <Form action="/configuration/silence" csrf={viewer.csrf} class="stacked">
        <p class="muted">
          Asset and source both have to fit where both are given; <code>*</code> stands for any characters.
        </p>
        <label>
          Asset
          <input name="asset" maxlength={512} placeholder="shop.public.*" autocapitalize="none" />
        </label>
        <label>
          Source
          <input name="source" maxlength={200} placeholder="alertmanager" autocapitalize="none" />
        </label>
        <HoursField />
        <label>
          Why, for others to read
          <input name="why" required minlength={3} maxlength={500} />
        </label>
        <button type="submit">Silence it</button>
      </Form>
    </details>
  )
}
