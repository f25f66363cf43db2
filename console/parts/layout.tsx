import { raw } from 'hono/html'
import type { PropsWithChildren } from 'hono/jsx'
import { includesRole, type Role } from '../../scripts/domain/account.ts'
import type { Person } from '../../scripts/store/sessions.ts'
import { assetPath } from '../assets.ts'
import { Form } from './form.tsx'

/** The pages, in the order in which they are offered. */
const places: readonly { path: string; title: string; role: Role }[] = [
  { path: '/', title: 'Now', role: 'viewer' },
  { path: '/quiet', title: 'Quiet', role: 'viewer' },
  { path: '/sources', title: 'Sources', role: 'viewer' },
  { path: '/analytics', title: 'Analytics', role: 'viewer' },
  { path: '/configuration', title: 'Configuration', role: 'viewer' },
  { path: '/accounts', title: 'Accounts', role: 'admin' },
]

/** Who looks at the page, and whose page it is. */
export interface Viewer {
  person: Person
  csrf: string
  tenant: string
}

type LayoutProps = PropsWithChildren<{
  title: string
  viewer: Viewer
  /** The path of the place in the menu that the page belongs to. */
  place: string
  scripts?: readonly ('charts.js' | 'uplot.js')[]
  /** What was just done. */
  done?: string | null
}>

/** A page for whoever is logged in. */
export function Layout({ title, viewer, place, scripts = [], done = null, children }: LayoutProps) {
  return (
    <Document title={title} scripts={['live.js', ...scripts]}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/" aria-label="DataIncidentManager, Now">
          <img src={assetPath('icon.svg')} alt="" width="24" height="24" />
          <span>DataIncidentManager</span>
        </a>
        <nav aria-label="Pages">
          <ul>
            {places
              .filter(({ role }) => includesRole(viewer.person.role, role))
              .map(({ path, title: name }) => (
                <li>
                  <a href={path} aria-current={path === place ? 'page' : undefined}>
                    {name}
                  </a>
                </li>
              ))}
          </ul>
        </nav>
        <div class="me">
          <span class="pulse" data-connection title="Live updates need JavaScript">
            <span class="dot" aria-hidden="true" />
            <span data-connection-word>Static</span>
          </span>
          <details class="menu">
            <summary>{viewer.person.name}</summary>
            <div>
              <p>
                <span class="label">Role</span> {viewer.person.role}
              </p>
              <p>
                <span class="label">Tenant</span> {viewer.tenant}
              </p>
              <p>
                <a href="/tokens">API tokens</a>
              </p>
              <Form action="/logout" csrf={viewer.csrf}>
                <button type="submit">Log out</button>
              </Form>
            </div>
          </details>
        </div>
      </header>
      <main id="content" tabindex={-1}>
        {done === null ? null : (
          <p class="done" role="status">
            {done}
          </p>
        )}
        {children}
      </main>
      <p class="unseen" role="status" data-live-note />
    </Document>
  )
}

/** A page for whoever is not, or not yet, logged in; and for what went wrong. */
export function Plain({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <Document title={title} scripts={[]}>
      <main class="plain" id="content">
        <div class="brand">
          <img src={assetPath('icon.svg')} alt="" width="32" height="32" />
          <span>DataIncidentManager</span>
        </div>
        {children}
      </main>
    </Document>
  )
}

function Document({
  title,
  scripts,
  children,
}: PropsWithChildren<{ title: string; scripts: readonly ('live.js' | 'charts.js' | 'uplot.js')[] }>) {
  return (
    <>
      {raw('<!DOCTYPE html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · DataIncidentManager`}</title>
          <link rel="icon" href={assetPath('icon.svg')} type="image/svg+xml" />
          {scripts.includes('uplot.js') ? <link rel="stylesheet" href={assetPath('uplot.css')} /> : null}
          <link rel="stylesheet" href={assetPath('console.css')} />
          {scripts.map((name) => (
            <script src={assetPath(name)} defer />
          ))}
        </head>
        <body>{children}</body>
      </html>
    </>
  )
}
