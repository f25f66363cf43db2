import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { slack } from '../../scripts/channels/slack.ts'
import { type DryRun, quotedDryRun } from '../../scripts/domain/dry-run.ts'
import { buildMessage, type MessageParts } from '../../scripts/domain/message-build.ts'
import { type SlackPayload, startSlack } from '../stand-ins/slack.ts'
import { dagTimeout, dagTimeoutAsked, dagTimeoutFixed, falsePositive, schemaDrift } from './example-incidents.ts'
import { exampleSending } from './sending.ts'

/**
 * What the three scenarios look like in Slack, as pages to be looked at:
 * `node tests/support/slack-preview.ts FOLDER`, then a picture of each by a browser without a head.
 */
const stories: Record<string, (MessageParts & { dryRun?: DryRun })[]> = {
  schema_drift: [schemaDrift],
  dag_timeout: [{ ...dagTimeout, occasion: 'raw', decision: null }, dagTimeout, dagTimeoutFixed],
  approval: [
    {
      ...dagTimeoutAsked,
      dryRun: {
        dry_run:
          'In run scheduled__2026-11-20T00:00:00+00:00 of daily_elt_pipeline these would run again: load_orders (running), build_marts (upstream_failed), publish (upstream_failed).',
      },
    },
    { ...dagTimeoutAsked, dryRun: { dry_run_fault: 'Airflow answered 401. Check AIRFLOW_WRITE_USERNAME.' } },
    dagTimeoutAsked,
  ],
  fixed: [dagTimeout, dagTimeoutFixed],
  false_positive: [falsePositive],
  possible_repeat: [{ ...schemaDrift, possibleRepeat: true, occasion: 'reminder' }],
}

/** A page that looks as Slack shows these messages. */
export function previewPage(payloads: readonly SlackPayload[]): string {
  const messages = payloads.map(
    ({ blocks }) => `<article><img alt=""><div><p class="from"><b>Data Incidents</b> <span>APP</span> 7:02 AM</p>
${blocks.map(renderBlock).join('\n')}</div></article>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Slack</title><style>${style}</style></head>
<body>${messages.join('\n')}</body></html>`
}

function renderBlock(block: SlackPayload['blocks'][number]): string {
  switch (block.type) {
    case 'header':
      return `<h1>${plainHtml(block.text.text)}</h1>`
    case 'section':
      return [block.text, ...(block.fields ?? [])].map((item) => `<div>${item ? textHtml(item) : ''}</div>`).join('')
    case 'context':
      return `<div class="context">${block.elements.map(textHtml).join(' ')}</div>`
    case 'divider':
      return '<hr>'
  }
}

function textHtml({ type, text }: { type: 'plain_text' | 'mrkdwn'; text: string }): string {
  return type === 'mrkdwn' ? mrkdwnHtml(text) : plainHtml(text)
}

/** Slack's entities are HTML's own, so only what Slack itself formats is turned into tags. */
function mrkdwnHtml(text: string): string {
  const html = text
    .replaceAll('"', '&quot;')
    .replace(/<([^|>]+)\|([^>]*)>/g, (_, url: string, title: string) => `\u0001${url}\u0002${title}\u0003`)
    .replaceAll('<', '&lt;')
    .replace(/^> (.*)$/gm, '<blockquote>$1</blockquote>')
    .replaceAll('</blockquote>\n', '</blockquote>')
    .replace(/(^|[\s(])\*([^*\n]+)\*(?=$|[\s).,:;])/gm, '$1<b>$2</b>')
    .replace(/(^|[\s(])_([^_\n]+)_(?=$|[\s).,:;])/gm, '$1<i>$2</i>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replaceAll('\n', '<br>')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they stand for the parts of a link, and no text holds them
  return html.replace(/\u0001([^\u0002]*)\u0002([^\u0003]*)\u0003/g, '<a href="$1">$2</a>')
}

function plainHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

const style = `
body { margin: 0; padding: 14px 18px; font: 15px/1.46 Lato, sans-serif; color: #1d1c1d; background: #fff; }
article { display: flex; gap: 10px; margin-bottom: 18px; max-width: 680px; }
article > div { min-width: 0; overflow-wrap: anywhere; }
img { width: 36px; height: 36px; border-radius: 6px; flex: none; background: #4a154b; }
.from { margin: 0; } .from span { font-size: 10px; background: #ddd; padding: 1px 3px; border-radius: 2px; }
h1 { font-size: 18px; line-height: 1.33; margin: 4px 0 6px; }
article > div > div { margin: 8px 0; }
.context { font-size: 13px; color: #616061; } .context b { color: #454245; }
blockquote { margin: 0; padding: 2px 0 2px 12px; border-left: 4px solid #ddd; }
a { color: #1264a3; text-decoration: none; }
code { font-size: 12px; border: 1px solid #ddd; border-radius: 3px; padding: 1px 3px; color: #e01e5a; background: #f6f6f6; }
`

async function writePages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const server = await startSlack()
  const settings = { SLACK_WEBHOOK_URL: server.webhookUrl }
  for (const [name, story] of Object.entries(stories)) {
    for (const parts of story) {
      const message = buildMessage(parts)
      const dry_run = parts.dryRun ? quotedDryRun(parts.dryRun) : message.dry_run
      await slack.send({ ...message, dry_run }, exampleSending(settings))
    }
    await writeFile(join(folder, `${name}.html`), previewPage(server.messages))
    server.forget()
  }
  await server.close()
}

if (import.meta.main) await writePages(process.argv[2] ?? 'slack-preview')
