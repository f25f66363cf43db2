import type { Message } from '../../domain/message.ts'
import { footer, headline, linksOf, partsOf } from '../shared/plain.ts'

/** A node of Atlassian's document format. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure */
export interface DocumentNode {
  type: string
  version?: 1
  attrs?: Record<string, unknown>
  text?: string
  marks?: { type: string; attrs?: Record<string, unknown> }[]
  content?: DocumentNode[]
}

/** The message as a document: text stands in nodes of text, where nothing in it is markup or a mention. */
export function documentOf(message: Message, withHeadline = false): DocumentNode {
  const parts = partsOf(message).flatMap(({ title, lines }): DocumentNode[] => {
    const head = title === null ? [] : [{ type: 'heading', attrs: { level: 3 }, content: [text(title)] }]
    const body =
      title !== null && lines.length > 1
        ? [{ type: 'bulletList', content: lines.map((line) => ({ type: 'listItem', content: [paragraph(line)] })) }]
        : lines.map(paragraph)
    return [...head, ...body]
  })
  const links = linksOf(message).flatMap(({ title, url }, index): DocumentNode[] => [
    ...(index > 0 ? [text(' · ')] : []),
    { ...text(title || url), marks: [{ type: 'link', attrs: { href: url } }] },
  ])
  return {
    type: 'doc',
    version: 1,
    content: [
      ...(withHeadline ? [{ type: 'heading', attrs: { level: 2 }, content: [text(headline(message))] }] : []),
      ...parts,
      ...(links.length > 0 ? [{ type: 'paragraph', content: links }] : []),
      paragraph(footer(message)),
    ],
  }
}

function paragraph(line: string): DocumentNode {
  return { type: 'paragraph', content: [text(line)] }
}

/** Jira takes no empty text. */
function text(value: string): DocumentNode {
  return { type: 'text', text: value.slice(0, 8000) || ' ' }
}
