import { AppError } from './errors.ts'

/** More columns than any export has. */
const mostColumns = 1000

/**
 * Reads CSV as RFC 4180 has it: quoted fields may hold commas, line breaks and doubled quotes. Each row becomes an
 * object by the names of the first one; missing fields are empty. @throws AppError E_PAYLOAD_UNREADABLE
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header, ...rows] = readRows(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  if (!header) return []
  return rows.map((row) => Object.fromEntries(header.map((name, column) => [name.trim(), row[column] ?? ''])))
}

function readRows(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (let at = 0; at < text.length; ) {
    const { value, next } = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at)
    row.push(value)
    if (row.length > mostColumns) throw unreadable('A row has more than 1000 columns.')
    const separator = text[next]
    at = next + (text.startsWith('\r\n', next) ? 2 : 1)
    if (separator === ',') continue
    if (separator !== undefined && separator !== '\n' && separator !== '\r')
      throw unreadable('A quote is in its middle.')
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  if (row.length > 0) rows.push([...row, ''])
  return rows
}

function readPlain(text: string, from: number): { value: string; next: number } {
  let next = from
  while (next < text.length && text[next] !== ',' && text[next] !== '\n' && text[next] !== '\r') next += 1
  return { value: text.slice(from, next), next }
}

function readQuoted(text: string, from: number): { value: string; next: number } {
  const parts: string[] = []
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) throw unreadable('A quote is never closed.')
    parts.push(text.slice(at, quote))
    if (text[quote + 1] !== '"') return { value: parts.join('"'), next: quote + 1 }
    at = quote + 2
  }
}

function unreadable(message: string): AppError {
  return new AppError('E_PAYLOAD_UNREADABLE', message, 'Export it again as CSV with commas, or as JSON.')
}
