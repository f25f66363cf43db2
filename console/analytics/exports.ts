import { isoDay } from '../parts/span.tsx'
import { asCsv } from './csv.ts'
import { figuresOf } from './figures.ts'
import type { Report } from './load.ts'

type Row = readonly (string | number)[]

/** A table of the analytics as a spreadsheet takes it. */
export interface Export {
  /** The last part of its address, and its file's name. */
  name: string
  heads: readonly string[]
  rows(report: Report): Row[]
}

const ranks = ['sources', 'assets', 'owners'] as const

/** Every table of the page, in its order, from the same report. */
export const exportedTables: readonly Export[] = [
  {
    name: 'figures',
    heads: ['figure', 'value', 'unit', 'how it is computed'],
    rows: (report) => figuresOf(report).map(({ name, value, unit, how }) => [name, value ?? '', unit, how]),
  },
  {
    name: 'days',
    heads: ['day', 'alerts', 'incidents', 'told', 'cost_usd'],
    rows: ({ days }) =>
      days.map(({ day, alerts, incidents, told, cost_usd }) => [isoDay(day), alerts, incidents, told, cost_usd]),
  },
  ...ranks.map((name) => ({
    name,
    heads: [name.slice(0, -1), 'incidents', 'alerts', 'open_s'],
    rows: (report: Report) =>
      report[name].map(({ name, incidents, alerts, open_s }) => [name, incidents, alerts, open_s]),
  })),
  {
    name: 'rules',
    heads: ['rule', 'source', 'alerts', 'incidents', 'told', 'latest incident'],
    rows: ({ rules }) =>
      rules.map(({ title, source, alerts, incidents, told, latest }) => [
        title,
        source,
        alerts,
        incidents,
        told,
        latest,
      ]),
  },
  {
    name: 'agreement',
    heads: ['fix', 'proposed', 'same', 'other', 'unknown', 'agreement'],
    rows: ({ agreement }) =>
      agreement.map(({ template, proposed, same, other, unknown, score }) => [
        template,
        proposed,
        same,
        other,
        unknown,
        score ?? '',
      ]),
  },
  {
    name: 'model',
    heads: ['day', 'analyses', 'tokens', 'cost_usd'],
    rows: ({ model }) => model.map(({ day, calls, tokens, cost_usd }) => [day, calls, tokens, cost_usd]),
  },
]

/** The table as CSV, its heads first. */
export function exported({ heads, rows }: Export, report: Report): string {
  return asCsv([heads, ...rows(report)])
}
