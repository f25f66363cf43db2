import type { PropsWithChildren } from 'hono/jsx'
import type { Account } from '../../scripts/store/accounts.ts'
import type { Belongings } from '../../scripts/workflow/deactivate.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { At } from '../parts/time.tsx'
import { counted, spoken } from '../parts/words.ts'

interface PersonProps {
  account: Account
  viewer: Viewer
  belongings: Belongings
  /** Whether this is what the person had, having just been deactivated. */
  isOver: boolean
}

/** What hangs on a person, so that somebody can take it over; and the end of their access. */
export function PersonPage({ account, viewer, belongings, isOver }: PersonProps) {
  const { name, role, deactivated_at } = account
  const done = isOver
    ? `Deactivated: ${counted(belongings.sessions, 'session')} and ${counted(belongings.tokens, 'token')} have ended.`
    : null
  return (
    <Layout title={name} viewer={viewer} place="/accounts" done={done}>
      <div>
        <p class="crumbs">
          <a href="/accounts">Accounts</a>
        </p>
        <h1>{name}</h1>
        <p class="muted">
          Role: {role}
          {deactivated_at ? (
            <>
              , deactivated <At at={deactivated_at} />
            </>
          ) : null}
        </p>
      </div>
      <Owned belongings={belongings} isOver={isOver} />
      {deactivated_at ? null : (
        <section class="panel" aria-labelledby="end-title">
          <h2 id="end-title">Deactivate</h2>
          <p>
            Ends {counted(belongings.sessions, 'session')}, {counted(belongings.tokens, 'token')} and every approval of
            theirs at once. What waits for them alone is withdrawn, what they approved and has not begun does not begin,
            and what they have taken on is nobody’s again. It is not undone: a new account needs another name.
          </p>
          <Form action="/accounts/deactivate" csrf={viewer.csrf}>
            <input type="hidden" name="name" value={name} />
            <button type="submit" class="danger">
              Deactivate {name}
            </button>
          </Form>
        </section>
      )}
    </Layout>
  )
}

function Owned({ belongings, isOver }: { belongings: Belongings; isOver: boolean }) {
  const { incidents, approvals, approved, silences, mentions } = belongings
  return (
    <section class="panel" aria-labelledby="owned-title">
      <h2 id="owned-title">{isOver ? 'What they had' : 'What hangs on them'}</h2>
      {[incidents, approvals, approved, silences, mentions].every(({ length }) => length === 0) ? (
        <p class="muted">Nothing.</p>
      ) : null}
      <List title={isOver ? 'Incidents, nobody’s now' : 'Incidents taken on'} count={incidents.length}>
        {incidents.map(({ id, title, severity }) => (
          <li>
            <SeverityMark severity={severity} bare /> <a href={incidentPath(id)}>{title}</a>
          </li>
        ))}
      </List>
      <List title="Fixes that wait for approval" count={approvals.length}>
        {approvals.map(({ incident, remediation, alone }) => (
          <li>
            <a href={incidentPath(incident)}>
              {spoken(remediation.template)} on {remediation.target}
            </a>{' '}
            <span class="muted">
              {alone ? `for theirs alone${isOver ? ': withdrawn, people are told' : ''}` : 'others may approve it too'}
            </span>
          </li>
        ))}
      </List>
      <List title="Fixes they approved that have not begun" count={approved.length}>
        {approved.map(({ incident, remediation }) => (
          <li>
            <a href={incidentPath(incident)}>
              {spoken(remediation.template)} on {remediation.target}
            </a>
            {isOver ? <span class="muted"> does not begin: a person has to look at it</span> : null}
          </li>
        ))}
      </List>
      <List title="Silences they set, which go on" count={silences.length}>
        {silences.map(({ name, ends_at }) => (
          <li>
            <a href="/configuration#silences">{name}</a>{' '}
            <span class="muted">until {ends_at ? <At at={ends_at} /> : 'somebody ends it'}</span>
          </li>
        ))}
      </List>
      <List title="Lines of the configuration that name them" count={mentions.length}>
        {mentions.map(({ file, line, text }) => (
          <li>
            <span class="label">
              {file}, line {line}
            </span>{' '}
            <code>{text}</code>
          </li>
        ))}
      </List>
    </section>
  )
}

function List({ title, count, children }: PropsWithChildren<{ title: string; count: number }>) {
  if (count === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <ul class="plain-list">{children}</ul>
    </>
  )
}
