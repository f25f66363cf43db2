import { Plain } from '../parts/layout.tsx'

const titles: Record<number, string> = {
  401: 'Not logged in',
  403: 'Refused',
  404: 'Not found',
  409: 'Changed meanwhile',
  413: 'Too long',
  503: 'Not available now',
}

/** What went wrong, and what to do. */
export function ErrorPage({ status, message, hint }: { status: number; message: string; hint: string }) {
  const title = titles[status] ?? (status < 500 ? 'Not understood' : 'A fault')
  return (
    <Plain title={title}>
      <h1>{title}</h1>
      <p>{message}</p>
      <p class="muted">{hint}</p>
      <p>
        <a href="/">Go to Now</a>
      </p>
    </Plain>
  )
}
