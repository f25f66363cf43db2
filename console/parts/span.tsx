import { z } from 'zod'
import { Severity } from '../../scripts/domain/alert.ts'
import type { Span } from '../../scripts/store/incident-list.ts'
import { SearchText } from './query.ts'

const day = 86_400_000
const longest = 366 * day

const Day = z.iso
  .date()
  .optional()
  .catch(undefined)
  .transform((text) => (text ? Date.parse(text) : undefined))

/** A span of days and a filter, as an address says it; what is wrong or beyond a year is brought into bounds. */
export const SpanQuery = z.object({
  from: Day,
  to: Day,
  source: SearchText,
  owner: SearchText,
  severity: Severity.optional().catch(undefined),
})
export type SpanQuery = z.infer<typeof SpanQuery>

/** The span: `days` up to and with today unless the address says another. */
export function spanOf(query: SpanQuery, now: Date, days: number): Span {
  const tomorrow = Math.floor(now.getTime() / day) * day + day
  const to = Math.min(query.to === undefined ? tomorrow : query.to + day, tomorrow)
  const wanted = query.from ?? to - days * day
  const from = Math.max(Math.min(wanted, to - day), to - longest)
  const { severity } = query
  return {
    from: new Date(from),
    to: new Date(to),
    source: query.source || undefined,
    owner: query.owner || undefined,
    severity,
  }
}

/** A span as parameters of an address. */
export function spanParameters({ from, to, source, owner, severity }: Span): Record<string, string | undefined> {
  return { from: isoDay(from), to: isoDay(new Date(to.getTime() - 1)), source, owner, severity }
}

export function isoDay(instant: Date): string {
  return instant.toISOString().slice(0, 10)
}

/** The form that chooses a span. */
export function SpanForm({
  action,
  span,
  hidden = {},
}: {
  action: string
  span: Span
  hidden?: Record<string, string>
}) {
  return (
    <form class="inline span" action={action}>
      {Object.entries(hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <label>
        From
        <input type="date" name="from" value={isoDay(span.from)} />
      </label>
      <label>
        To
        <input type="date" name="to" value={isoDay(new Date(span.to.getTime() - 1))} />
      </label>
      <label>
        Severity
        <select name="severity">
          <option value="">any</option>
          {Severity.options.map((severity) => (
            <option value={severity} selected={severity === span.severity}>
              {severity}
            </option>
          ))}
        </select>
      </label>
      <label>
        Source
        <input name="source" value={span.source ?? ''} placeholder="any" maxlength={200} />
      </label>
      <label>
        Owner
        <input name="owner" value={span.owner ?? ''} placeholder="any" maxlength={200} />
      </label>
      <button type="submit">Show</button>
    </form>
  )
}
