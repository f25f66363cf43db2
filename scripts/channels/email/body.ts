import type { Message } from '../../domain/message.ts'
import { footer, headline, linksOf, partsOf } from '../shared/plain.ts'

/** The message as text. */
export function textOf(message: Message): string {
  const parts = partsOf(message).map(({ title, lines }) => {
    const shown = title === null || lines.length === 1 ? lines : lines.map((line) => `- ${line.replace(/\s+/g, ' ')}`)
    return [...(title === null ? [] : [title.toUpperCase()]), ...shown].join('\n')
  })
  const links = linksOf(message).map(({ title, url }) => `${title}: ${url}`)
  return [headline(message), ...parts, links.join('\n'), `-- \n${footer(message)}`].filter(Boolean).join('\n\n')
}

/** The same as HTML without styles of its own, pictures or anything that is loaded. */
export function htmlOf(message: Message): string {
  const parts = partsOf(message).map(({ title, lines }) => {
    const shown = lines.map((line) => escapeHtml(line).replaceAll('\n', '<br>'))
    if (title === null) return `<p>${shown.join('<br>')}</p>`
    const body =
      shown.length === 1 ? `<p>${shown[0]}</p>` : `<ul>${shown.map((line) => `<li>${line}</li>`).join('')}</ul>`
    return `<h3>${escapeHtml(title)}</h3>${body}`
  })
  const links = linksOf(message).map(({ title, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(title)}</a>`)
  return [
    `<h2>${escapeHtml(headline(message))}</h2>`,
    ...parts,
    links.length > 0 ? `<p>${links.join(' · ')}</p>` : '',
    `<p><small>${escapeHtml(footer(message))}</small></p>`,
  ].join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
