import type { Setting } from './setting.ts'

/** What people are told through. */
export const channels = {
  SLACK_WEBHOOK_URL: { kind: 'secret', required: false, what: 'Slack incoming webhook that people are told through.' },
  SLACK_BOT_TOKEN: {
    kind: 'secret',
    required: false,
    what: 'Slack bot (xoxb-…): one message an incident that changes with it, details in its thread.',
  },
  SLACK_CHANNEL: {
    kind: 'setting',
    required: false,
    what: 'Where the bot posts when the routing names no channel: its id (C0123456789), or #name.',
  },
  SLACK_API_URL: { kind: 'setting', required: false, what: 'Another address of Slack’s Web API, such as GovSlack’s.' },
  PAGERDUTY_ROUTING_KEY: {
    kind: 'secret',
    required: false,
    what: 'Integration key of a PagerDuty service (Events API v2): pages, acknowledges and resolves there.',
  },
  PAGERDUTY_EVENTS_URL: {
    kind: 'setting',
    required: false,
    what: 'PagerDuty’s events address; default https://events.pagerduty.com, in Europe https://events.eu.pagerduty.com',
  },
  PAGERDUTY_API_TOKEN: {
    kind: 'secret',
    required: false,
    what: 'REST API key of PagerDuty: writes a note on an incident whose alert came through PagerDuty.',
  },
  PAGERDUTY_API_URL: {
    kind: 'setting',
    required: false,
    what: 'PagerDuty’s REST address; default https://api.pagerduty.com, in Europe https://api.eu.pagerduty.com',
  },
  PAGERDUTY_FROM: { kind: 'setting', required: false, what: 'E-mail address of the PagerDuty user who writes notes.' },
  JIRA_URL: { kind: 'setting', required: false, what: 'Jira Cloud, such as https://acme.atlassian.net' },
  JIRA_USERNAME: { kind: 'secret', required: false, what: 'E-mail address of the Jira user that opens issues.' },
  JIRA_TOKEN: { kind: 'secret', required: false, what: 'Its API token.' },
  JIRA_PROJECT: {
    kind: 'setting',
    required: false,
    what: 'Key of the project when the routing names none, such as DATA.',
  },
  JIRA_ISSUE_TYPE: { kind: 'setting', required: false, what: 'Type of the issues; default Task.' },
  SMTP_URL: {
    kind: 'secret',
    required: false,
    what: 'Mail server with its log-in: smtps://user:password@host:465 or smtp://…:587 (STARTTLS).',
  },
  EMAIL_FROM: { kind: 'setting', required: false, what: 'Sender of e-mails.' },
  EMAIL_TO: { kind: 'setting', required: false, what: 'Receiver when the routing names none; several with commas.' },
  NOTIFY_WEBHOOK_URL: {
    kind: 'secret',
    required: false,
    what: 'Address of your own that each message is posted to, signed.',
  },
  NOTIFY_WEBHOOK_KEY: {
    kind: 'secret',
    required: false,
    what: 'What its signatures are made with (HMAC-SHA256, Standard Webhooks): whsec_… or any long text.',
  },
} as const satisfies Record<string, Setting>
