import { whole } from './words.ts'

interface PagerProps {
  page: number
  pages: number
  total: number
  /** The address of a page, by its number. */
  href: (page: number) => string
  of: string
}

/** Where in a long list one is, and the way to its other pages. Nothing when there is only one. */
export function Pager({ page, pages, total, href, of }: PagerProps) {
  if (pages <= 1) return null
  return (
    <nav class="pager" aria-label={`Pages of ${of}`}>
      {page > 1 ? (
        <a href={href(page - 1)} rel="prev">
          Previous
        </a>
      ) : null}
      <span>
        Page {whole(page)} of {whole(pages)} · {whole(total)} {of}
      </span>
      {page < pages ? (
        <a href={href(page + 1)} rel="next">
          Next
        </a>
      ) : null}
    </nav>
  )
}
