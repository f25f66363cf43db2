import type { PropsWithChildren } from 'hono/jsx'

/** A form that changes something: it carries the session's own token. */
export function Form({
  action,
  csrf,
  children,
  ...more
}: PropsWithChildren<{ action: string; csrf: string; class?: string }>) {
  return (
    <form method="post" action={action} {...more}>
      <input type="hidden" name="_csrf" value={csrf} />
      {children}
    </form>
  )
}
