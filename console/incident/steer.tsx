import type { PropsWithChildren } from 'hono/jsx'
import { includesRole } from '../../scripts/domain/account.ts'
import { Verdict } from '../../scripts/domain/feedback.ts'
import type { IncidentRecord } from '../../scripts/store/incident-record.ts'
import { isAnalysedAnew } from '../../scripts/store/steering.ts'
import { Form } from '../parts/form.tsx'
import type { Viewer } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'
import { At } from '../parts/time.tsx'

export const verdictWords: Record<Verdict, string> = {
  right: 'It was right',
  false_alarm: 'False alarm: it was none',
  was_real: 'This was real: people should have been told',
  wrong_cause: 'An incident, but of another cause',
}

/** How long a silence may be that is set here. */
export const silenceHours = [1, 4, 12, 24, 72] as const

/** What a person can do about it. Only what its state allows is offered, and only to whoever may. */
export function SteerPart({ record, viewer }: { record: IncidentRecord; viewer: Viewer }) {
  const { incident, acknowledgedBy } = record
  if (!includesRole(viewer.person.role, 'responder')) return null
  const isOpen = incident.closed_at === null
  const isBeingFixed = incident.state === 'fixing' || incident.state === 'verifying'
  const isMine = acknowledgedBy === viewer.person.name
  return (
    <section id="steer" data-live aria-labelledby="steer-title" class="panel steer">
      <h2 id="steer-title">Your turn</h2>
      {isOpen ? (
        <div class="stacked">
          {acknowledgedBy ? (
            <p>
              <strong>{isMine ? 'You have' : `${acknowledgedBy} has`}</strong> taken it on.
            </p>
          ) : null}
          {isMine ? (
            <Do record={record} viewer={viewer} what="give-back">
              <button type="submit">Give it back</button>
            </Do>
          ) : (
            <Do record={record} viewer={viewer} what="acknowledge">
              <button type="submit" class="primary">
                {acknowledgedBy ? 'Take it over' : 'Acknowledge'}
              </button>
            </Do>
          )}
        </div>
      ) : null}
      <FeedbackForm record={record} viewer={viewer} />
      {isOpen && incident.asset ? <SilenceForm record={record} viewer={viewer} /> : null}
      {isOpen && isAnalysedAnew(incident.state) ? (
        <Foldout id="again" title="Analyse again">
          <Do record={record} viewer={viewer} what="again">
            <Reason label="What the analysis missed" />
            <button type="submit">Analyse it again</button>
          </Do>
        </Foldout>
      ) : null}
      {isOpen && !isBeingFixed ? (
        <Foldout id="resolve" title="Resolve">
          <Do record={record} viewer={viewer} what="resolve">
            <Reason label="Why it is over" />
            <button type="submit">Resolve it</button>
          </Do>
        </Foldout>
      ) : null}
      {isBeingFixed ? (
        <p class="muted">A fix is under way; it can be resolved by hand once the fix has ended.</p>
      ) : null}
    </section>
  )
}

function Foldout({ id, title, children }: PropsWithChildren<{ id: string; title: string }>) {
  return (
    <details id={id} class="foldout">
      <summary>{title}</summary>
      {children}
    </details>
  )
}

type DoProps = PropsWithChildren<{ record: IncidentRecord; viewer: Viewer; what: string }>

function Do({ record, viewer, what, children }: DoProps) {
  return (
    <Form action={`${incidentPath(record.incident.id)}/${what}`} csrf={viewer.csrf} class="stacked">
      {children}
    </Form>
  )
}

function Reason({ label }: { label: string }) {
  return (
    <label>
      {label}
      <textarea name="why" required minlength={3} maxlength={500} rows={3} />
    </label>
  )
}

function FeedbackForm({ record, viewer }: { record: IncidentRecord; viewer: Viewer }) {
  if (record.decisions[0]?.decision == null && record.quieted === null) return null
  const wasTold = record.incident.told_at !== null
  const offered = Verdict.options.filter((verdict) => verdict !== (wasTold ? 'was_real' : 'false_alarm'))
  return (
    <Foldout id="feedback" title="Was the decision right?">
      <Do record={record} viewer={viewer} what="feedback">
        <fieldset class="choices">
          <legend class="unseen">Your verdict</legend>
          {offered.map((verdict) => (
            <label>
              <input type="radio" name="verdict" value={verdict} required /> {verdictWords[verdict]}
            </label>
          ))}
        </fieldset>
        <label>
          What it was instead, if it was of another cause
          <input type="text" name="should_be" maxlength={500} />
        </label>
        <label>
          A note for next time
          <textarea name="note" maxlength={500} rows={2} />
        </label>
        <button type="submit">Send feedback</button>
      </Do>
    </Foldout>
  )
}

/** How long a silence is to be. */
export function HoursField() {
  return (
    <label>
      For
      <select name="hours">
        {silenceHours.map((hours) => (
          <option value={hours}>{hours === 1 ? '1 hour' : `${hours} hours`}</option>
        ))}
      </select>
    </label>
  )
}

function SilenceForm({ record, viewer }: { record: IncidentRecord; viewer: Viewer }) {
  return (
    <Foldout id="silence" title="Silence its asset">
      <Do record={record} viewer={viewer} what="silence">
        <p class="muted">
          Further trouble of <code>{record.incident.asset?.name}</code> is kept and wakes nobody; when the silence ends
          and the trouble goes on, it is analysed then.
        </p>
        <HoursField />
        <Reason label="Why, for others to read" />
        <button type="submit">Silence it</button>
      </Do>
    </Foldout>
  )
}

/** What people said about the decision. */
export function FeedbackPart({ record }: { record: IncidentRecord }) {
  if (record.feedback.length === 0) return null
  return (
    <section id="said" data-live aria-labelledby="said-title" class="panel">
      <h2 id="said-title">What people say</h2>
      <ul class="plain-list">
        {record.feedback.map(({ verdict, note, should_be, who, at }) => (
          <li>
            <p>
              <strong>{verdictWords[verdict]}</strong>{' '}
              <span class="muted">
                {who}, <At at={at} />
              </span>
            </p>
            {should_be ? <p class="prose">It was: {should_be}</p> : null}
            {note ? <p class="prose">{note}</p> : null}
          </li>
        ))}
      </ul>
      {record.alike.length > 0 ? (
        <>
          <h3>Kept quiet for the same reason since</h3>
          <ul class="plain-list">
            {record.alike.map(({ id, title, opened_at }) => (
              <li>
                <a href={incidentPath(id)}>{title}</a>{' '}
                <span class="muted">
                  <At at={opened_at} />
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </section>
  )
}
