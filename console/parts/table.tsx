import type { PropsWithChildren } from 'hono/jsx'

type TableProps = PropsWithChildren<{
  caption: string
  heads: readonly string[]
  /** On a phone its cells stand below each other: for rows that are understood without the heads. */
  stacks?: boolean
}>

/** A table in a frame that scrolls sideways where it is too wide, by keyboard too. */
export function Table({ caption, heads, stacks, children }: TableProps) {
  return (
    <div class="frame" tabindex={0}>
      <table class={stacks ? 'stacks' : undefined}>
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
