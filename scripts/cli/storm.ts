import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { startSlack } from '../../tests/stand-ins/slack.ts'
import { AppError } from '../lib/errors.ts'
import { safeStringify } from '../lib/json.ts'
import { openStore, type Store } from '../store/connection.ts'
import { launch, runCommand, runningSettings } from './launch.ts'
import { type Progress, showProgress } from './progress.ts'
import { accountOfStorm, lostOf, type StormAccount } from './storm/account.ts'
import type { StormShape } from './storm/bodies.ts'
import { checkShape, fire, type Volley } from './storm/fire.ts'
import { startHanging } from './storm/hanging.ts'
import { firstTold, longestPageMs, pageBody } from './storm/page.ts'

const namespace = 'incident_management'
const lookEveryMs = 1_000
const help = `Usage: npm run storm -- [--alerts N] [--conditions N] [--sources N] [--assets N] [--json FILE] [--engine]
       npm run storm -- --engine --conditions 600 --assets 300 --hanging
       npm run storm -- --engine --page-at 900 --hanging

Fires many alerts, in the shapes of five vendors, at the running product, and waits until each is in an end state. What
it makes stays in the store as any alerts do: use it where nobody is paged.

  --alerts N       how many; default 1000
  --conditions N   how many different conditions they tell of; default 20
  --assets N       how many tables the conditions are of; default as many as conditions
  --sources N      how many monitors they come from; default 5
  --at-once N      how many POSTs are under way; default 20
  --patience N     seconds to wait for the last end; default 600
  --page-at N      makes number N an alert that somebody has to be woken for (critical, on a table of tier 1), and says how
                   long after its webhook's answer people were told
  --hanging        the model and the warehouse take every question and answer none; with --engine
  --json FILE      writes the figures, times in milliseconds
  --engine         against an engine and a store of its own, with a stand-in for Slack, in place of the running one

Exit code 1 when an alert was lost (accepted, and in no end state when patience ended), and when the page took more than
two minutes.
`

interface Target {
  webhookUrl: string
  databaseUrl: string
  stop(): Promise<void>
}

export interface StormFigures {
  shape: StormShape
  accepted: number
  refused: Volley['refused']
  retries: number
  acceptedMs: number
  acceptedPerSecond: number
  /** From the first POST until every alert was in an end state; null when that was not reached. */
  endedMs: number | null
  /** The same until no message waited any more. */
  toldMs: number | null
  account: StormAccount
  lost: number
  /** From the webhook's answer to the page until people were told of it; null when it was not asked for or not reached. */
  pagedMs: number | null
}

await runCommand(
  help,
  {
    alerts: { type: 'string' },
    conditions: { type: 'string' },
    assets: { type: 'string' },
    sources: { type: 'string' },
    'at-once': { type: 'string' },
    patience: { type: 'string' },
    'page-at': { type: 'string' },
    hanging: { type: 'boolean' },
    json: { type: 'string' },
    engine: { type: 'boolean' },
  },
  async (values) => {
    const number = (name: string, otherwise: number) => Number(values[name] ?? otherwise)
    const conditions = number('conditions', 20)
    const shape = {
      alerts: number('alerts', 1000),
      conditions,
      assets: number('assets', conditions),
      sources: number('sources', Math.min(5, conditions)),
    }
    checkShape(shape)
    const limits = { atOnce: number('at-once', 20), patienceMs: number('patience', 600) * 1000 }
    if (!(limits.atOnce >= 1 && limits.patienceMs > 0)) {
      throw new AppError('E_SETTING_INVALID', '--at-once or --patience is no number above 0.', 'Leave it out.')
    }
    const pageAt = values['page-at'] === undefined ? null : number('page-at', 0)
    if (pageAt !== null && !(Number.isInteger(pageAt) && pageAt >= 1 && pageAt <= shape.alerts)) {
      throw new AppError('E_SETTING_INVALID', '--page-at is no number of an alert.', `Give 1 to ${shape.alerts}.`)
    }
    if (values.hanging && !values.engine) {
      throw new AppError('E_SETTING_INVALID', '--hanging is of an engine of its own.', 'Add --engine.')
    }
    const target = values.engine ? await ownTarget(values.hanging === true) : await runningTarget()
    const progress = showProgress()
    try {
      const figures = await storm(target, shape, { ...limits, pageAt }, progress)
      progress.pause()
      process.stdout.write(describe(figures, pageAt))
      if (typeof values.json === 'string') await writeFile(values.json, `${safeStringify(figures, 2)}\n`)
      const isLate = pageAt !== null && (figures.pagedMs ?? Number.POSITIVE_INFINITY) > longestPageMs
      if (figures.lost > 0 || figures.accepted < shape.alerts || isLate) process.exitCode = 1
    } finally {
      progress.pause()
      await target.stop()
    }
  },
)

async function storm(
  target: Target,
  shape: StormShape,
  { atOnce, patienceMs, pageAt }: { atOnce: number; patienceMs: number; pageAt: number | null },
  progress: Progress,
): Promise<StormFigures> {
  await using store = openStore(target.databaseUrl, namespace)
  const began = Date.now()
  const name = `storm_${randomBytes(4).toString('hex')}`
  const volley = await fire({
    webhookUrl: target.webhookUrl,
    shape,
    storm: name,
    atOnce,
    page: pageAt === null ? undefined : { number: pageAt, body: (at) => pageBody(name, at) },
    onAccepted: (count) => progress.step(`Accepted ${Math.floor(count / 50) * 50} of ${shape.alerts}`),
  })
  const accepted = volley.executions.length
  const times: { ended: number | null; told: number | null } = { ended: null, told: null }
  let account = await accountOfStorm(store, volley.executions)
  for (; Date.now() < began + patienceMs; account = await accountOfStorm(store, volley.executions)) {
    const lost = lostOf(accepted, account)
    if (lost === 0) times.ended ??= Date.now() - began
    if (lost === 0 && account.unsent === 0) times.told ??= Date.now() - began
    if (times.told !== null) break
    progress.step(`${account.known} of ${accepted} in the store, ${account.open} alerts open, ${account.unsent} unsent`)
    await delay(lookEveryMs)
  }
  return {
    shape,
    accepted,
    refused: volley.refused,
    retries: volley.retries,
    acceptedMs: volley.tookMs,
    acceptedPerSecond: (accepted * 1000) / volley.tookMs,
    endedMs: times.ended,
    toldMs: times.told,
    account,
    lost: lostOf(accepted, account),
    pagedMs: await pagedAfter(store, volley),
  }
}

async function pagedAfter(store: Store, { paged }: Volley): Promise<number | null> {
  const told = paged && (await firstTold(store, paged.execution))
  return told ? Math.max(0, told.getTime() - paged.at) : null
}

async function runningTarget(): Promise<Target> {
  const names = ['DATABASE_URL', 'KESTRA_URL', 'ALERT_WEBHOOK_KEY'] as const
  const settings = await runningSettings(names)
  const url = `${settings.KESTRA_URL}/api/v1/main/executions/webhook/${namespace}/alert_ingestion/${settings.ALERT_WEBHOOK_KEY}`
  return { webhookUrl: url, databaseUrl: settings.DATABASE_URL, async stop() {} }
}

/** Nothing of the user's settings takes part: no real Slack, no real model, no real store. */
async function ownTarget(isHanging: boolean): Promise<Target> {
  const slack = await startSlack()
  const hanging = isHanging ? await startHanging() : null
  const close = async () => {
    await hanging?.close()
    await slack.close()
  }
  try {
    const analyzer = hanging ? hanging.settings : { ANALYZER: 'rules' }
    const settings = { SLACK_WEBHOOK_URL: slack.webhookUrl, ...analyzer }
    const { stack, progress } = await launch({ name: 'storm', settings, fresh: true })
    progress.pause()
    return {
      webhookUrl: stack.webhookUrl,
      databaseUrl: stack.settings.DATABASE_URL,
      async stop() {
        await stack.stop()
        await close()
      },
    }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

function describe(figures: StormFigures, pageAt: number | null): string {
  const { shape, accepted, account, lost } = figures
  const seconds = (ms: number | null) => (ms === null ? 'not reached' : `${(ms / 1000).toFixed(1)} s`)
  const refused = Object.entries(figures.refused).map(([why, count]) => `, ${count} refused (${why})`)
  const rows: [string, string][] = [
    ['accepted', `${accepted} of ${shape.alerts} in ${seconds(figures.acceptedMs)}${refused.join('')}`],
    ['rate', `${figures.acceptedPerSecond.toFixed(1)}/s, ${figures.retries} tried again`],
    ['incidents', `${account.incidents} of ${shape.conditions} conditions`],
    ['analyses', String(account.analyses)],
    ['messages', `${account.messages - account.followUps}, and ${account.followUps} follow-ups`],
    ['all ended', seconds(figures.endedMs)],
    ['all told', seconds(figures.toldMs)],
    ['dead letters', String(account.deadLetters)],
    ['lost', String(lost)],
    ...(pageAt === null
      ? []
      : [[`page ${pageAt}`, `told after ${seconds(figures.pagedMs)}`] satisfies [string, string]]),
  ]
  return `${rows.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join('')}`
}
