import { startConsole } from '../../console/server.ts'
import { readSettings } from '../lib/config.ts'
import { consoleNotice } from './console-notice.ts'
import { allSettings, runCommand } from './launch.ts'

const help = `Usage: npm run console

Starts the console alone, over the store of DATABASE_URL or of \`npm start\` on this machine. Ctrl-C stops it.

  CONSOLE_HOST      address it binds to; default 127.0.0.1
  CONSOLE_PORT      default 8090
  CONSOLE_URL       as people reach it, behind a reverse proxy; with https its cookie is Secure
  CONSOLE_TENANTS   the tenants it serves, by comma, such as acme; default all
  OIDC_ISSUER …     an OpenID provider to log in by: SETUP.md, “Single sign-on”
`

/** Nothing that opens another system: what is to be seen of these, tasks have kept in the store. */
const names = [
  'DATABASE_URL',
  'DIM_CONFIG_DIR',
  'KESTRA_URL',
  'CONSOLE_HOST',
  'CONSOLE_PORT',
  'CONSOLE_URL',
  'CONSOLE_KESTRA_URL',
  'CONSOLE_TENANTS',
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'OIDC_SCOPES',
  'OIDC_NAME_CLAIM',
  'OIDC_GROUPS_CLAIM',
  'OIDC_ROLES',
] as const

await runCommand(help, {}, async () => {
  const running = await startConsole(readSettings(names, await allSettings()))
  process.stdout.write(`${consoleNotice(running)}\nCtrl-C stops it.\n`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await running.stop()
})
