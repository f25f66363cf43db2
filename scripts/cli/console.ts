import { startConsole } from '../../console/server.ts'
import { readSettings } from '../lib/config.ts'
import { isTenantSetting } from '../lib/tenant.ts'
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

/** Without a right to write anywhere, and without what only tasks need. */
const names = [
  'DATABASE_URL',
  'DIM_CONFIG_DIR',
  'KESTRA_URL',
  'AIRFLOW_URL',
  'AIRFLOW_USERNAME',
  'AIRFLOW_PASSWORD',
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
  const all = await allSettings()
  const ofTenants = Object.entries(all).filter(
    ([name]) => isTenantSetting(name) && names.some((own) => name.endsWith(`__${own}`)),
  )
  const running = await startConsole({ ...Object.fromEntries(ofTenants), ...readSettings(names, all) })
  process.stdout.write(`${consoleNotice(running)}\nCtrl-C stops it.\n`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await running.stop()
})
