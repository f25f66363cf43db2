import type { RunningConsole } from '../../console/server.ts'

/** Where the console is, and the one-time links by which its first admins set a password. */
export function consoleNotice({ url, firstLinks }: Pick<RunningConsole, 'url' | 'firstLinks'>): string {
  const links = firstLinks.map(
    ({ tenant, link }) => `\n  First log-in of ${tenant}: open this once and set a password\n    ${link}\n`,
  )
  return `  Console                     ${url}\n${links.join('')}`
}
