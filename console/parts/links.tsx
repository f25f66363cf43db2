import type { PropsWithChildren } from 'hono/jsx'

/** A link to a page elsewhere. What is no http address shows as text: it may come from anyone. */
export function Outward({ url, children }: PropsWithChildren<{ url: string }>) {
  if (!isWeb(url)) return <span>{children}</span>
  return (
    <a href={url} rel="noopener noreferrer nofollow" class="outward">
      {children}
    </a>
  )
}

function isWeb(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** Where an incident's page is. */
export function incidentPath(id: string): string {
  return `/incidents/${encodeURIComponent(id)}`
}
