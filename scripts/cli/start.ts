import { startConsole } from '../../console/server.ts'
import { consoleNotice } from './console-notice.ts'
import { launch, ownSettings, runCommand } from './launch.ts'

const help = `Usage: npm start

Starts the product on this machine without Docker: a PostgreSQL, the real Kestra engine in one JVM, the flows, and the
console. What was there the last time is still there. Settings come from .env or the environment (see .env.example); what is missing is
made up and kept. Ctrl-C stops everything.

  KESTRA_VERSION=2.0.0 npm start    the other engine (needs a JDK 25)
`

await runCommand(help, {}, async () => {
  const { stack, untilStopped } = await launch({
    name: 'start',
    settings: ownSettings(),
    fresh: false,
    keepAlive: true,
  })
  const shown = await startConsole(stack.settings).catch(async (thrown: unknown) => {
    await stack.stop()
    throw thrown
  })
  const others = stack.tenants
    .slice(1)
    .map(
      (tenant) =>
        `  Webhook of ${tenant}\n    ${stack.webhookOf(tenant) ?? 'none: it has no ALERT_WEBHOOK_KEY in tenants.env'}\n`,
    )
  process.stdout.write(`
DataIncidentManager is running on Kestra ${stack.engine.kestraVersion}.

  Webhook for your monitors   ${stack.webhookUrl}
${others.join('')}  Kestra API                  ${stack.engine.url}  (${stack.settings.KESTRA_USERNAME} / ${stack.settings.KESTRA_PASSWORD})
  Store                       ${stack.settings.DATABASE_URL}
${consoleNotice(shown)}
Try it:
  curl -H 'content-type: application/json' -d @test_scenarios/schema_drift.json \\
    ${stack.webhookUrl}

Ctrl-C stops it.
`)
  await untilStopped()
  await shown.stop()
})
