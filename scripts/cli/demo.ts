import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stack } from '../../engine/stack.ts'
import { dailyEltPipeline, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { startSlack, textOf } from '../../tests/stand-ins/slack.ts'
import { AppError } from '../lib/errors.ts'
import { KestraExecution } from '../lib/kestra-api.ts'
import { openStore, type Store } from '../store/connection.ts'
import { type Outcome, outcomeOf } from '../store/outcomes.ts'
import { launch, ownSettings, runCommand } from './launch.ts'
import { formatTable } from './table.ts'

const home = join(import.meta.dirname, '..', '..')
const scenarios = ['schema_drift', 'false_positive', 'dag_timeout']
const longestWaitMs = 90_000

const help = `Usage: npm run demo [-- --keep]

Starts the whole product on this machine without Docker (a PostgreSQL, the real Kestra engine in one JVM, the flows),
posts three alerts to its webhook, and shows what became of each. Slack and Airflow are small stand-ins on 127.0.0.1,
unless SLACK_WEBHOOK_URL or AIRFLOW_URL are set. With GEMINI_API_KEY the model decides, without it the rules.

  --keep                               leave it running afterwards
  KESTRA_VERSION=2.0.0 npm run demo    the other engine (needs a JDK 25)
`

await runCommand(help, { keep: { type: 'boolean' } }, async ({ keep }) => {
  const own = ownSettings()
  const slack = own.SLACK_WEBHOOK_URL || own.SLACK_BOT_TOKEN ? null : await startSlack()
  const airflow = own.AIRFLOW_URL ? null : await startAirflow({ dags: [dailyEltPipeline()] })
  try {
    const { stack, progress, untilStopped } = await launch({
      name: 'demo',
      fresh: true,
      settings: {
        ...own,
        ...(slack ? { SLACK_WEBHOOK_URL: slack.webhookUrl } : {}),
        ...(airflow ? airflow.settings : {}),
      },
    })
    try {
      await using store = openStore(stack.settings.DATABASE_URL, 'incident_management')
      const rows: string[][] = []
      for (const name of scenarios) {
        progress.step(`Posting test_scenarios/${name}.json`)
        const started = Date.now()
        const outcome = await fire(stack, store, name)
        rows.push([name, ...describe(outcome), `${((Date.now() - started) / 1000).toFixed(1)} s`])
      }
      progress.pause()
      const header = ['scenario', 'severity', 'decision', 'action taken', 'seen', 'analyzer', 'time']
      process.stdout.write(`\n${formatTable(header, rows)}\n\n`)
      if (keep) {
        process.stdout.write(
          `Still running. Post an alert of your own:\n  curl -H 'content-type: application/json' -d @test_scenarios/schema_drift.json \\\n    ${stack.webhookUrl}\nCtrl-C stops it.\n`,
        )
        await untilStopped()
      }
    } finally {
      progress.step('Stopping')
      await stack.stop()
      progress.pause()
    }

    function describe(outcome: Outcome): string[] {
      const message = slack?.messages.some((sent) => textOf(sent).includes(outcome.incident)) ? 'Slack message' : null
      const cleared = outcome.fix && airflow?.clears.length ? 'DAG cleared' : null
      const seen = [cleared, message].filter(Boolean).join(', ') || (slack ? 'store' : 'store, Slack')
      const action = outcome.action ?? 'undecided'
      const decided = outcome.is_incident ? action : `${action} (no incident)`
      const taken = outcome.fix ? `${outcome.fix} → ${outcome.state}` : outcome.state
      return [outcome.severity, decided, taken, seen, outcome.analyzer ?? '']
    }
  } finally {
    await slack?.close()
    await airflow?.close()
  }
})

/** Posts a scenario as any monitor would and waits until its incident has come to rest. */
async function fire(stack: Stack, store: Store, name: string): Promise<Outcome> {
  const body = await readFile(join(home, 'test_scenarios', `${name}.json`), 'utf8')
  const response = await fetch(stack.webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  if (!response.ok) {
    throw new AppError('E_UNEXPECTED', `The webhook answered ${response.status}.`, 'See the engine’s log.')
  }
  const execution = KestraExecution.parse(await response.json())
  const end = Date.now() + longestWaitMs
  for (;;) {
    const outcome = await outcomeOf(store, execution.id)
    if (outcome?.at_rest) return outcome
    if (Date.now() > end) {
      throw new AppError(
        'E_UNEXPECTED',
        `${name} did not come to an end within ${longestWaitMs / 1000} s; it is ${outcome?.state ?? 'not in the store'}.`,
        'Run it with --keep and look at the executions in Kestra.',
      )
    }
    await delay(200)
  }
}
