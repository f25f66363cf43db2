import type { Child, PropsWithChildren } from 'hono/jsx'
import type { SourceStanding } from '../../scripts/workflow/source-standing.ts'
import { Ago } from '../parts/time.tsx'

/** Whether the webhook's previous key is still needed, and who may have one that is let in no more. */
export function Keys({
  items,
  previous_key_used_at: usedAt,
  now,
}: {
  items: readonly SourceStanding[]
  previous_key_used_at: Date | null
  now: Date
}) {
  const namesOf = (state: SourceStanding['key']) => items.filter(({ key }) => key === state).map(({ source }) => source)
  const users = namesOf('previous')
  // What could not be read, or was ignored, counts for no source.
  if (usedAt && !items.some(({ previous_key_at: at }) => at && at >= usedAt)) users.push('something of no source')
  const unheard = namesOf('replaced')
  const shut = namesOf('retired')
  return (
    <section id="webhook-keys" data-live aria-label="Webhook keys">
      {usedAt && users.length > 0 ? (
        <p class="notice">
          <strong>The previous webhook key is in use.</strong> It was last used <Ago at={usedAt} now={now} />;{' '}
          {listed(users)} still {users.length === 1 ? 'comes' : 'come'} with it. Move{' '}
          {users.length === 1 ? 'it' : 'them'} over, then empty ALERT_WEBHOOK_KEY_PREVIOUS.
        </p>
      ) : null}
      {unheard.length > 0 ? (
        <p class="notice">
          <strong>Not heard since the webhook key was changed: {listed(unheard)}.</strong> Whether{' '}
          {unheard.length === 1 ? 'it has' : 'they have'} the new one is not known; keep ALERT_WEBHOOK_KEY_PREVIOUS
          until it is.
        </p>
      ) : null}
      {shut.length > 0 ? (
        <p class="notice">
          <strong>Last came with a webhook key that is no longer valid: {listed(shut)}.</strong> With that key nothing
          is let in: see that {shut.length === 1 ? 'it has' : 'they have'} the key of today.
        </p>
      ) : null}
      {usedAt && users.length + unheard.length + shut.length === 0 ? (
        <p class="notice settled">
          <strong>No source posts with the previous webhook key.</strong> It was last used <Ago at={usedAt} now={now} />
          , and ALERT_WEBHOOK_KEY_PREVIOUS may be emptied once each source below was heard since the key was changed.
        </p>
      ) : null}
    </section>
  )
}

/** The last of the names: some have hundreds. */
function listed(names: readonly string[]): string {
  const shown = names.slice(-20).join(', ')
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown
}

/** What the key that a source last came with is today. */
export function KeyInUse({ source, now }: { source: SourceStanding; now: Date }) {
  const { key, key_since: since, previous_key_at: previous } = source
  switch (key) {
    case null:
      return <span class="muted">not known</span>
    case 'previous':
      return <span class="state escalated">previous</span>
    case 'replaced':
      return (
        <KeyNote state={<span class="state escalated">previous</span>}>
          not heard since the key was changed
          {since ? (
            <>
              , <Ago at={since} now={now} />
            </>
          ) : null}
        </KeyNote>
      )
    case 'retired':
      return (
        <KeyNote state={<span class="state failed">no longer valid</span>}>
          not heard since its key was taken away
          {since ? (
            <>
              , <Ago at={since} now={now} />
            </>
          ) : null}
        </KeyNote>
      )
    case 'current':
      return previous ? (
        <KeyNote state="current">
          the previous <Ago at={previous} now={now} />
        </KeyNote>
      ) : (
        <>current</>
      )
  }
}

/** A state of a key, and a word about it below. */
function KeyNote({ state, children }: PropsWithChildren<{ state: Child }>) {
  return (
    <>
      {state}
      <br />
      <span class="muted">{children}</span>
    </>
  )
}
