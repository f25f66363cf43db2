import { plainText } from '../../domain/text.ts'

/** Slack turns these words into a mention of everybody where it is asked to find names. */
const broadcast = /@(?=(?:here|channel|everyone|group)\b)/gi

/**
 * Slack has no escape for its formatting marks, so they are replaced by characters that look alike and mean nothing.
 * An underscore between letters or digits formats nothing and stays: names of tables and tasks can be copied.
 */
const lookAlikes: readonly [RegExp, string][] = [
  [/`/g, "'"],
  [/\*/g, '∗'],
  [/~/g, '∼'],
  [/(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])/g, '＿'],
  // A quote at the start of a line, a broadcast, an emoji.
  [/^(\s*)>/gm, '$1›'],
  [broadcast, '＠'],
  [/:(?=[a-z][a-z0-9_+'-]*:)/gi, '∶'],
]

/** The only three characters that Slack asks to be escaped. https://docs.slack.dev/messaging/formatting-message-text */
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Text from anyone as mrkdwn that shows it and does nothing else; at most `limit` characters as sent, `…` for a cut. */
export function escapeMrkdwn(text: string, limit: number): string {
  // Cut before marks are replaced: a cut can turn a harmless `@hereby` into a mention.
  let inert = cut(plainText(text, limit), limit)
  for (const [mark, replacement] of lookAlikes) inert = inert.replace(mark, replacement)
  return inert.replace(/[&<>]/g, (character) => entities[character] ?? character)
}

/** As much of the text as takes at most `limit` characters once it is escaped. */
function cut(text: string, limit: number): string {
  let length = 0
  let kept = ''
  let whole = true
  for (const character of text) {
    length += entities[character]?.length ?? character.length
    if (length < limit) kept += character
    else whole = false
  }
  return whole || length <= limit ? text : `${kept}…`
}

/**
 * Text from anyone for a `plain_text` object, where nothing is formatted. Angle brackets and broadcasts are replaced
 * all the same: then it does not matter whether a client reads anything into them.
 */
export function escapePlain(text: string, limit: number): string {
  const brackets = text.replace(/\s+/g, ' ').replaceAll('<', '‹').replaceAll('>', '›')
  return plainText(brackets, limit).replace(broadcast, '＠')
}

/** `<url|title>` for an http(s) address, without log-in data in it; the bare title for anything else. */
export function link(title: string, address: string): string {
  const shown = escapeMrkdwn(title.replaceAll('|', '¦').replace(/\s+/g, ' '), 100)
  if (!URL.canParse(address)) return shown
  const url = new URL(address)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return shown
  url.username = ''
  url.password = ''
  const inert = url.href.replace(/[<>|`*~@]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
  return inert.length > 2000 ? shown : `<${inert.replaceAll('&', '&amp;')}|${shown}>`
}

/** Each line as a quotation. */
export function quote(escaped: string): string {
  return escaped
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `> ${line}`)
    .join('\n')
}
