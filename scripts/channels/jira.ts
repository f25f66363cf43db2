import type { Message } from '../domain/message.ts'
import type { Channel, Delivery, Sending } from './channel.ts'
import { documentOf } from './jira/document.ts'
import { connectJira, type Jira, type JiraIssue } from './jira/rest.ts'
import { withoutSecrets } from './shared/clean.ts'
import { busy, needless, refused, unknown } from './shared/outcome.ts'
import { headline, isEnd, linksOf } from './shared/plain.ts'
import { restFault } from './shared/rest.ts'

const hints = {
  400: 'it does not take the issue: check JIRA_PROJECT and JIRA_ISSUE_TYPE, and which fields the project requires',
  401: 'JIRA_USERNAME or JIRA_TOKEN is wrong',
  403: 'the user may not do this in the project',
  404: 'there is no such project, or the user may not see it',
  409: 'the issue is being changed by somebody else',
}

/**
 * Jira Cloud: one issue an incident, with its priority, labels and links; what changes is a comment, and the end closes it.
 * The issue is found again by a label that holds the incident's id, so a lost answer opens no second one.
 */
export const jira: Channel = {
  name: 'jira',
  settings: ['JIRA_URL', 'JIRA_USERNAME', 'JIRA_TOKEN', 'JIRA_PROJECT', 'JIRA_ISSUE_TYPE'],
  pace: null,
  isConfigured: (settings) => Boolean(settings.JIRA_URL && settings.JIRA_USERNAME && settings.JIRA_TOKEN),
  repeats: () => 'again',
  gone: (targets, settings, signal) => goneProjects(targets, settings, signal),
  async send(message, sending) {
    const { settings, target, opened, inDoubt, signal } = sending
    const isNews =
      !isEnd(message) && !message.silent && message.occasion !== 'acknowledged' && message.occasion !== 'digest'
    if (!isNews && opened === null && !inDoubt) return needless('there is no issue of this incident')
    const project = target ?? settings.JIRA_PROJECT
    if (!project) return refused('no project is named: set JIRA_PROJECT, or write jira:PROJECT in routing.yaml')
    if (!/^[A-Z][A-Z0-9_]{1,20}$/.test(project))
      return refused('JIRA_PROJECT is not the key of a project, such as DATA')
    if (signal.aborted) return busy('the time was up before it was sent')
    const clean = withoutSecrets(message, settings)
    const call = connectJira(settings, signal)
    let issue: JiraIssue | null = null
    try {
      issue = opened ? await call.read(opened) : inDoubt ? await call.find(project, labelOf(sending)) : null
      if (!issue && !isNews) return needless('there is no issue of this incident')
      if (issue) await follow(call, issue, clean, sending)
      else issue = await open(call, project, clean, sending)
      await call.link(issue.key, sending.subject, linksOf(clean))
      return { outcome: 'sent', reference: issue.key }
    } catch (thrown) {
      return afterwards(issue, restFault(thrown, 'Jira', hints))
    }
  },
}

async function goneProjects(targets: readonly string[], settings: Sending['settings'], signal: AbortSignal) {
  const call = connectJira(settings, signal)
  const known = await Promise.all(targets.map((target) => call.hasProject(target)))
  return targets
    .filter((_, index) => !known[index])
    .map((target) => ({ target, why: 'is no project that the user may see' }))
}

/** Once there is an issue, nothing may lead to a second one: the next attempt looks it up. */
function afterwards(issue: JiraIssue | null, delivery: Delivery): Delivery {
  return issue && delivery.outcome === 'busy' ? unknown(delivery.reason) : delivery
}

function open(call: Jira, project: string, message: Message, sending: Sending): Promise<JiraIssue> {
  return call.create({
    project,
    type: sending.settings.JIRA_ISSUE_TYPE ?? 'Task',
    summary: headline(message).replace(/\s+/g, ' ').slice(0, 250),
    description: documentOf(message),
    labels: ['data-incident', labelOf(sending)],
    severity: message.severity,
    key: sending.key,
  })
}

/** What is new is a comment, once; an end closes the issue. What opened it needs no comment. */
async function follow(call: Jira, issue: JiraIssue, message: Message, { key, inDoubt }: Sending): Promise<void> {
  const isKnown = issue.openedBy === key || (inDoubt && (await call.hasComment(issue.key, key)))
  if (!isKnown && !message.silent) await call.comment(issue.key, documentOf(message, true), key)
  if (isEnd(message)) {
    if (!issue.isDone) await call.close(issue.key)
  } else if (!isKnown) {
    await call.prioritise(issue.key, message.severity)
  }
}

/** Stable: the incident over all tenants. A label holds no blanks. */
function labelOf({ subject }: Sending): string {
  return `incident:${subject.replaceAll(/\s/g, '_')}`.slice(0, 255)
}
