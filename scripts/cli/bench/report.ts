import { formatTable } from '../table.ts'
import type { Verdict } from './statistics.ts'

/** One table of the report and what is to be known of it. */
export interface Section {
  title: string
  header: readonly string[]
  rows: readonly (readonly string[])[]
  notes: readonly string[]
}

/** A run: what was measured and when, on what. */
export interface Report {
  heading: string
  about: readonly string[]
  sections: readonly Section[]
}

/** For a terminal. */
export function plainReport({ heading, about, sections }: Report): string {
  const parts = sections.map(({ title, header, rows, notes }) =>
    [title, '', formatTable(header, rows), ...notes.map((note) => `\n${note}`)].join('\n'),
  )
  return `${[heading, ...about, ...parts].join('\n\n')}\n`
}

/** The same, ready for docs/benchmarks.md. Numbers stand to the right. */
export function markdownReport({ heading, about, sections }: Report): string {
  const parts = sections.map(({ title, header, rows, notes }) => {
    const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
    const rule = header.map((_, column) => (column === 0 ? '---' : '---:'))
    return [`#### ${title}`, '', line(header), line(rule), ...rows.map(line), ...notes.map((note) => `\n${note}`)].join(
      '\n',
    )
  })
  return `${[`### ${heading}`, ...about, ...parts].join('\n\n')}\n`
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}

export function seconds(value: number): string {
  return `${(value / 1000).toFixed(2)} s`
}

export function mebibytes(bytes: number | null): string {
  return bytes === null ? 'not known here' : `${Math.round(bytes / 2 ** 20)} MiB`
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`
}

/** The last two cells of a row: what was aimed at, and whether it was reached. */
export function targetCells({ limit, met }: Verdict): string[] {
  return limit === null ? ['–', ''] : [`≤ ${limit} ×`, met ? 'met' : 'not met']
}
