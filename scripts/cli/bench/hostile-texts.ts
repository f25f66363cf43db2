/** Long enough that whatever is not linear in a text's length shows. */
const length = 50_000

const ordinary = 'The table orders was not loaded today. '
/** What looks like the beginning of a secret, a link, a table, a state or a time over and over, and never is one. */
const repeated = [
  ...['a', 'a.', 'a-', 'a_', '1', ' ', '::', '[[', '*a*', '->', '|*', '"\\', '12 3 ', '*a*\n'],
  ...['fail ', 'schema ', 'columns ', 'table ', 'is been has ', 'bearer ', '--token ', 'password=', 'eyJaaaaaaaa.'],
  ...['://a:b', '<https://', 'a@b://', '2026-', 'model a_', 'no rows '],
]

const filled = (text: string) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** Texts of one length, an ordinary one and those that were made for slow regular expressions. */
export const longTexts = { ordinary: filled(ordinary), hostile: repeated.map((text) => [text, filled(text)] as const) }

/** Bodies of three shapes with the text wherever one may stand. */
export function bodiesWith(text: string): unknown[] {
  const fields = {
    title: text,
    description: text,
    message: text,
    status: text,
    severity: text,
    host: text,
    table: text,
  }
  const all = {
    ...fields,
    text,
    output: text,
    tags: text,
    created_at: text,
    labels: { severity: text, instance: text },
  }
  return [
    { ...all, attachments: [{ title: text, text }] },
    { version: '4', alerts: [{ status: text, labels: fields, annotations: fields, startsAt: text }] },
    { source: 'x', title: text, severity: text, description: text, metric: { name: text, value: text } },
  ]
}
