import type { PropsWithChildren } from 'hono/jsx'

/** A table in a frame that scrolls sideways where it is too wide, by keyboard too. */
export function Table({ caption, heads, children }: PropsWithChildren<{ caption: string; heads: readonly string[] }>) {
  return (
    <div class="frame" tabindex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
