import type { Maintenance } from '../../scripts/workflow/maintenance.ts'
import { Table } from '../parts/table.tsx'
import { At } from '../parts/time.tsx'
import { aboutOf } from './about.ts'

const mostWindows = 200

/** The windows that a team planned, and which of them are on. */
export function MaintenanceWindows({ windows }: { windows: readonly Maintenance[] | null }) {
  return (
    <section class="panel" aria-labelledby="maintenance-title">
      <h2 id="maintenance-title">Maintenance windows</h2>
      {windows === null ? (
        <p class="muted">catalog.yaml can’t be read: its fault is shown below.</p>
      ) : windows.length === 0 ? (
        <p class="muted">None is planned. catalog.yaml may name some (maintenance:), once or recurring.</p>
      ) : (
        <Table caption="Maintenance windows" heads={['Window', 'About', 'When', 'State']}>
          {windows.slice(0, mostWindows).map((window) => (
            <tr>
              <th scope="row">{window.name}</th>
              <td>{aboutOf(window)}</td>
              <td>
                {window.recurring
                  ? `${window.recurring.cron} for ${window.recurring.minutes} min, ${window.recurring.zone}`
                  : null}{' '}
                {window.from ? <At at={window.from} /> : null} {window.until ? '–' : null}{' '}
                {window.until ? <At at={window.until} /> : null}
              </td>
              <td>
                {window.on_until ? (
                  <span class="state sent">
                    on until <At at={window.on_until} />
                  </span>
                ) : (
                  <span class="muted">not on</span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}
