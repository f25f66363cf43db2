import { dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { startJira } from '../../../tests/stand-ins/jira.ts'
import { startPagerduty } from '../../../tests/stand-ins/pagerduty.ts'
import { type Received, type StandIn, startStandIn } from '../../../tests/stand-ins/server.ts'
import { startSlack, textOf } from '../../../tests/stand-ins/slack.ts'
import { startSlackWebApi } from '../../../tests/stand-ins/slack-web-api.ts'
import { startSmtp } from '../../../tests/stand-ins/smtp.ts'
import type { Settings } from '../../lib/config.ts'

/** Where a process is killed: its call held untouched, done and its answer held, or with its outcome recorded. */
export const killSteps = ['before the call', 'between call and record', 'after the record'] as const
export type KillStep = (typeof killSteps)[number]

/** What a receiver holds of one incident. */
export interface Counted {
  /**
   * Pages, issues, messages, fixes: as whoever receives them would count. Where messages have ids, the copies of the one
   * that came most often: a page and the decision that follows it are two messages.
   */
  count: number
  /** Those that say of themselves that they may be a repeat. */
  marked: number
}

/** One way by which something leaves, with the other side of it. */
export interface Receiver {
  settings: Settings
  /** Holds the call that changes something there; resolves when it has come. */
  hold(step: 'untouched' | 'done'): { reached: Promise<unknown>; release(): void }
  counted(incident: string): Counted
  close(): Promise<void>
}

export interface Way {
  readonly name: string
  /** Whether its receiver may ever count two. */
  readonly promise: 'once' | 'at least once'
  readonly task: 'remediate' | 'notify'
  /** As `config/routing.yaml` names it; a fix's outcome goes to nobody here. */
  readonly destination: string
  open(): Promise<Receiver>
}

/** Counts what was received about an incident, each as text. `idOf`: what copies of one message have in common. */
function countedIn(received: readonly string[], incident: string, idOf: (text: string) => string = () => ''): Counted {
  const about = Map.groupBy(
    received.filter((text) => text.includes(incident)),
    idOf,
  )
  const copies = [...about.values()].toSorted((a, b) => b.length - a.length)[0] ?? []
  return {
    count: copies.length,
    marked: copies.filter((text) => /possible repeat|"possible_repeat":true/i.test(text)).length,
  }
}

/** Everything that leaves, by what it promises. */
export const ways: readonly Way[] = [
  {
    name: 'fix (Airflow)',
    promise: 'once',
    task: 'remediate',
    destination: 'ticket',
    async open() {
      const airflow = await startAirflow({ dags: [dailyEltPipeline()] })
      const isClear = ({ path, body }: Received) =>
        path.endsWith('/clearTaskInstances') && body.includes('"dry_run":false')
      return {
        ...over(airflow, airflow.settings, isClear),
        counted: () => ({ count: airflow.clears.length, marked: 0 }),
      }
    },
  },
  {
    name: 'PagerDuty',
    promise: 'once',
    task: 'notify',
    destination: 'pagerduty',
    async open() {
      const pagerduty = await startPagerduty()
      // One a page: an alert that was opened twice paged somebody twice.
      const pages = () =>
        [...pagerduty.alerts.values()].flatMap((alert) => Array.from({ length: alert.pages }, () => alert.dedup_key))
      return { ...over(pagerduty, pagerduty.settings), counted: (incident) => countedIn(pages(), incident) }
    },
  },
  {
    name: 'Jira',
    promise: 'once',
    task: 'notify',
    destination: 'jira',
    async open() {
      const jira = await startJira()
      const isCreate = ({ method, path }: Received) => method === 'POST' && path === '/rest/api/3/issue'
      return {
        ...over(jira, jira.settings, isCreate),
        counted: (incident) => countedIn(jira.issues.map(asText), incident),
      }
    },
  },
  {
    name: 'Slack bot',
    promise: 'once',
    task: 'notify',
    destination: 'slack',
    async open() {
      const slack = await startSlackWebApi()
      const isPost = ({ path }: Received) => path.endsWith('/chat.postMessage')
      return {
        ...over(slack, slack.settings, isPost),
        counted: (incident) => countedIn(slack.roots().map(asText), incident),
      }
    },
  },
  {
    name: 'Slack webhook',
    promise: 'at least once',
    task: 'notify',
    destination: 'slack',
    async open() {
      const slack = await startSlack()
      const settings = { SLACK_WEBHOOK_URL: slack.webhookUrl }
      return { ...over(slack, settings), counted: (incident) => countedIn(slack.messages.map(textOf), incident) }
    },
  },
  {
    name: 'e-mail',
    promise: 'at least once',
    task: 'notify',
    destination: 'email',
    async open() {
      const smtp = await startSmtp()
      // A long line of a mail is folded.
      const mails = () => smtp.mails.map(({ text }) => text.replaceAll('=\r\n', ''))
      return {
        settings: smtp.settings,
        hold: (step) => ({ reached: smtp.hang(step === 'untouched' ? 'connect' : 'after'), release() {} }),
        counted: (incident) => countedIn(mails(), incident, (mail) => /^Message-ID: (.+)$/im.exec(mail)?.[1] ?? ''),
        close: smtp.close,
      }
    },
  },
  {
    name: 'signed webhook',
    promise: 'at least once',
    task: 'notify',
    destination: 'webhook',
    async open() {
      const taken: string[] = []
      const receiver = await startStandIn(({ headers, body }) => {
        taken.push(`${headers['webhook-id']}\n${body}`)
        return { status: 204 }
      })
      const settings = { NOTIFY_WEBHOOK_URL: `${receiver.url}/incidents`, NOTIFY_WEBHOOK_KEY: 'a-key-of-the-stand-in' }
      return { ...over(receiver, settings), counted: (incident) => countedIn(taken, incident, firstLine) }
    },
  },
]

const firstLine = (text: string) => text.slice(0, text.indexOf('\n'))
const asText = (value: unknown) => JSON.stringify(value)

function over(
  { hold, close }: Pick<StandIn, 'hold' | 'close'>,
  settings: Settings,
  when?: (request: Received) => boolean,
) {
  return { settings, close, hold: (step: 'untouched' | 'done') => hold(step, when) }
}
