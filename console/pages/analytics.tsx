import { Hono } from 'hono'
import type { Analytics } from '../../scripts/store/analytics.ts'
import type { Shown, Span } from '../../scripts/store/incident-list.ts'
import { modelBudget } from '../../scripts/workflow/model-budget.ts'
import { exported, exportedTables } from '../analytics/exports.ts'
import { figuresOf } from '../analytics/figures.ts'
import { loadReport, type Report } from '../analytics/load.ts'
import { ModelDays, NoisiestRules, ShadowAgreement } from '../analytics/tables.tsx'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { Layout } from '../parts/layout.tsx'
import { address } from '../parts/query.ts'
import { isoDay, SpanForm, SpanQuery, spanOf, spanParameters } from '../parts/span.tsx'
import { Table } from '../parts/table.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { lasting, named, sentence, whole } from '../parts/words.ts'

/** How it went over a span: each figure says how it is computed and leads to its incidents. */
export function analyticsPages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', async (context) => {
    const { span, found } = await read(context)
    const store = context.get('store')
    const budget = await modelBudget(store, ground.settings(store.tenant)).catch(() => null)
    return context.html(
      <Layout title="Analytics" viewer={viewerOf(context)} place="/analytics" scripts={['uplot.js', 'charts.js']}>
        <div>
          <h1>Analytics</h1>
          <p class="muted">
            Incidents that opened from {isoDay(span.from)} to {isoDay(new Date(span.to.getTime() - 1))}, by days in UTC.
          </p>
        </div>
        <SpanForm action="/analytics" span={span} />
        <Funnel found={found} span={span} />
        <Figures found={found} span={span} />
        <Days found={found} />
        <div class="three">
          <Ranking title="Fold ratio by source" first="Source" rows={found.sources} span={span} filter="source" />
          <Ranking title="Worst assets" first="Asset" rows={found.assets} span={span} />
          <Ranking title="Most told owners" first="Owner" rows={found.owners} span={span} filter="owner" />
        </div>
        <NoisiestRules rules={found.rules} />
        <div class="three">
          <ShadowAgreement agreement={found.agreement} />
          <ModelDays days={found.model} budget={budget} />
        </div>
        <p class="inline exports">
          <span class="muted">As CSV</span>
          {exportedTables.map(({ name }) => (
            <a class="button" href={address(`/analytics/${name}.csv`, spanParameters(span))}>
              {sentence(name)}
            </a>
          ))}
          <a class="button" href={address('/analytics/all.json', spanParameters(span))}>
            All as JSON
          </a>
        </p>
      </Layout>,
    )
  })

  for (const table of exportedTables) {
    pages.get(`/${table.name}.csv`, async (context) => {
      const { found } = await read(context)
      return csv(context, table.name, exported(table, found))
    })
  }

  pages.get('/all.json', async (context) => {
    const { span, found } = await read(context)
    context.header('content-disposition', 'attachment; filename="analytics.json"')
    return context.json({ span, figures: figuresOf(found), ...found })
  })

  return pages
}

async function read(context: ConsoleContext): Promise<{ span: Span; found: Report }> {
  const span = spanOf(SpanQuery.parse(context.req.query()), new Date(), 30)
  return { span, found: await loadReport(context.get('store'), span) }
}

function csv(context: ConsoleContext, name: string, text: string) {
  return context.body(text, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${name}.csv"`,
  })
}

function linkTo(span: Span, shown: Shown): string {
  return address('/incidents', { ...spanParameters(span), shown })
}

function Funnel({ found: { totals }, span }: { found: Analytics; span: Span }) {
  const removed = totals.alerts === 0 ? null : 1 - totals.told / totals.alerts
  const steps = [
    { name: 'Alerts', count: totals.alerts, href: linkTo(span, 'all') },
    { name: 'Incidents', count: totals.incidents, href: linkTo(span, 'all') },
    { name: 'People told', count: totals.told, href: linkTo(span, 'told') },
  ]
  const most = Math.max(1, ...steps.map(({ count }) => count))
  return (
    <section class="panel" aria-labelledby="funnel-title">
      <h2 id="funnel-title">From alerts to people</h2>
      <ul class="funnel">
        {steps.map(({ name, count, href }) => (
          <li>
            <a href={href}>{name}</a>
            <svg viewBox="0 0 400 16" preserveAspectRatio="none" height="16" aria-hidden="true">
              <rect width={Math.max(2, (400 * count) / most)} height={16} rx={3} />
            </svg>
            <strong>{whole(count)}</strong>
          </li>
        ))}
      </ul>
      <p class="muted">
        {removed === null
          ? 'No alert came in these days.'
          : `Noise removed: ${(removed * 100).toFixed(1)} % — of all alerts, the share that woke nobody (1 − told incidents ÷ alerts).`}
      </p>
    </section>
  )
}

function Figures({ found, span }: { found: Analytics; span: Span }) {
  return (
    <section aria-label="Figures">
      <ul class="figures">
        {figuresOf(found).map(({ name, value, unit, how, shown }) => (
          <li>
            <p class="label">{name}</p>
            <p class="value">{value === null ? '—' : shownValue(value, unit)}</p>
            <p class="how">{how}</p>
            {shown ? (
              <a href={linkTo(span, shown)}>
                Its incidents<span class="unseen">: {name}</span>
              </a>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  )
}

function shownValue(value: number, unit: string): string {
  switch (unit) {
    case 'seconds':
      return lasting(value * 1000)
    case 'share':
      return `${(value * 100).toFixed(1)} %`
    case 'USD':
      return `$${value.toFixed(2)}`
    case 'ratio':
      return `${value.toFixed(1)} : 1`
    default:
      return whole(value)
  }
}

function Days({ found: { days } }: { found: Analytics }) {
  return (
    <section class="panel" aria-labelledby="days-title">
      <h2 id="days-title">Day by day</h2>
      <div class="chart" data-chart="days" data-columns="1,2,3" />
      <details id="days-text">
        <summary>As a table</summary>
        <div class="frame" tabindex={0}>
          <table id="days">
            <caption class="unseen">Alerts, incidents and people told, by day</caption>
            <thead>
              <tr>
                {['Day', 'Alerts', 'Incidents', 'People told', 'Model cost'].map((head) => (
                  <th scope="col">{head}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map(({ day, alerts, incidents, told, cost_usd }) => (
                <tr>
                  <td data-value={isoDay(day)}>{isoDay(day)}</td>
                  <td data-value={alerts}>{whole(alerts)}</td>
                  <td data-value={incidents}>{whole(incidents)}</td>
                  <td data-value={told}>{whole(told)}</td>
                  <td data-value={cost_usd}>${cost_usd.toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  )
}

interface RankingProps {
  title: string
  first: string
  rows: Analytics['sources']
  span: Span
  /** The name in the row chooses by this. */
  filter?: 'source' | 'owner'
}

function Ranking({ title, first, rows, span, filter }: RankingProps) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="muted">Nothing in these days.</p>
      ) : (
        <Table caption={title} heads={[first, 'Incidents', filter === 'source' ? 'Alerts each' : 'Time open']}>
          {rows.map(({ name, incidents, alerts, open_s }) => (
            <tr>
              <th scope="row">
                {filter && name !== 'nobody named' && name.length <= 200 ? (
                  <a href={address('/incidents', { ...spanParameters(span), [filter]: name })}>{named(name)}</a>
                ) : (
                  named(name)
                )}
              </th>
              <td>{whole(incidents)}</td>
              <td>{filter === 'source' ? (alerts / incidents).toFixed(1) : lasting(open_s * 1000)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}
