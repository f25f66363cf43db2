import { Hono } from 'hono'
import { z } from 'zod'
import { ofKind } from '../../scripts/domain/evidence.ts'
import { plainText } from '../../scripts/domain/text.ts'
import { type IncidentRecord, loadIncidentRecord } from '../../scripts/store/incident-record.ts'
import { closeIncident, lockIncident } from '../../scripts/store/incidents.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { DecisionPart } from '../incident/decision.tsx'
import { EvidencePart } from '../incident/evidence.tsx'
import { ActionsPart, AlertsPart, SimilarPart, TimelinePart } from '../incident/history.tsx'
import { LineagePart, lineageOf } from '../incident/lineage.tsx'
import { SteerPart } from '../incident/steer.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { incidentPath, Outward } from '../parts/links.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { Ago, At, Deadline } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { counted, spoken, stateWords } from '../parts/words.ts'
import { notFound, Refusal } from '../refusal.ts'
import { requireRole } from '../security/session.ts'

/** What a person can have done to an incident, as it is told afterwards. */
const doneWords = new Map([['resolved', 'Resolved.']])

const Why = z.string().transform((text) => plainText(text, 500))

/** One incident: everything that is known about it, and what can be done about it. */
export function incidentPages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/:id', async (context) => {
    const record = await loadIncidentRecord(context.get('store'), incidentId(context))
    const done = doneWords.get(context.req.query('done') ?? '') ?? null
    return context.html(<IncidentPage record={record} viewer={viewerOf(context)} done={done} ground={ground} />)
  })

  pages.post('/:id/resolve', requireRole('responder'), async (context) => {
    const id = incidentId(context)
    const form = await context.req.parseBody()
    const why = Why.safeParse(form.why).data ?? ''
    if (why.length < 3) throw new Refusal(400, 'A reason is needed.', 'Say in a few words why it is over.')
    const who = context.get('person').name
    const isClosed = await context.get('store').transaction(async (query) => {
      await lockIncident(query, id)
      return closeIncident(query, id, 'manual', { who, why })
    })
    if (!isClosed)
      throw new Refusal(409, 'It can’t be resolved as it is.', 'It may be over, or a fix may be under way.')
    return context.redirect(`${incidentPath(id)}?done=resolved`, 303)
  })

  return pages
}

/** @throws Refusal 404 for what can be no incident's id. */
function incidentId(context: ConsoleContext): string {
  const id = context.req.param('id') ?? ''
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound('This incident')
  return id
}

function IncidentPage(props: { record: IncidentRecord; viewer: Viewer; done: string | null; ground: Ground }) {
  const { record, viewer, done, ground } = props
  const { incident, evidence, decisions } = record
  const decision = decisions[0]?.decision ?? null
  const now = new Date()
  return (
    <Layout title={incident.title} viewer={viewer} place="/" done={done}>
      <Heading record={record} now={now} ground={ground} />
      <div class="two">
        <div class="wide">
          <DecisionPart decisions={decisions} evidenceIds={new Set(evidence.map(({ id }) => id))} />
          <LineagePart lineage={lineageOf(incident, evidence)} decision={decision} />
          <EvidencePart evidence={evidence} cited={new Set(decision?.evidence_ids)} />
          <AlertsPart record={record} />
        </div>
        <div class="narrow">
          <SteerPart incident={incident} viewer={viewer} />
          <TimelinePart record={record} now={now} />
          <ActionsPart record={record} />
          <SimilarPart similar={record.similar} />
        </div>
      </div>
    </Layout>
  )
}

function Heading({ record, now, ground }: { record: IncidentRecord; now: Date; ground: Ground }) {
  const { incident, evidence, decisions } = record
  const entries = ofKind(evidence, 'catalog_entry').filter(({ source }) => source === 'catalog')
  const entry = entries[0]?.data
  const deadline = entry?.sla_deadline ? new Date(entry.sla_deadline) : null
  const holder = decisions[0]?.holder
  return (
    <header id="heading" data-live class={`heading ${incident.severity.toLowerCase()}`}>
      <p class="crumbs">
        <a href="/">Now</a> / <span>{incident.id}</span>
      </p>
      <h1>{incident.title}</h1>
      <p class="status">
        <SeverityMark severity={incident.severity} />
        <span class={`state ${incident.state}`}>{stateWords[incident.state]}</span>
        {incident.closed_at ? (
          <span class="muted">
            closed <Ago at={incident.closed_at} now={now} />
            {incident.closed_how ? ` by ${incident.closed_how}` : ''}
          </span>
        ) : (
          <span>
            <span class="label">SLA</span> <Deadline at={deadline} now={now} />
          </span>
        )}
      </p>
      <dl class="record">
        <div>
          <dt>Asset</dt>
          <dd>{incident.asset ? <code>{incident.asset.name}</code> : 'none named'}</dd>
        </div>
        <div>
          <dt>Owner</dt>
          <dd>
            {entry?.owner ?? 'nobody named'}
            {entry?.tier ? <span class="tier"> tier {entry.tier}</span> : null}
          </dd>
        </div>
        <div>
          <dt>Source</dt>
          <dd>
            {incident.source}
            {incident.environment ? ` · ${incident.environment}` : ''}
          </dd>
        </div>
        <div>
          <dt>Category</dt>
          <dd>{spoken(incident.category)}</dd>
        </div>
        <div>
          <dt>Folded</dt>
          <dd>{counted(record.alertCount, 'alert')}</dd>
        </div>
        <div>
          <dt>Opened</dt>
          <dd>
            <At at={incident.opened_at} />
          </dd>
        </div>
        {entry?.runbook ? (
          <div>
            <dt>Runbook</dt>
            <dd>
              <Outward url={entry.runbook}>Open</Outward>
            </dd>
          </div>
        ) : null}
        {holder ? (
          <div>
            <dt>Execution</dt>
            <dd>{executionLink(ground, incident.tenant, holder)}</dd>
          </div>
        ) : null}
      </dl>
    </header>
  )
}

/** The Kestra execution that analysed it; as a link when the console knows where Kestra's pages are. */
function executionLink({ settings }: Ground, tenant: string, execution: string) {
  const base = settings.CONSOLE_KESTRA_URL
  if (!base) return <code>{execution}</code>
  const path = ['ui', 'main', 'executions', tenant, 'incident_analyzer', execution].map(encodeURIComponent).join('/')
  return <Outward url={`${base.replace(/\/+$/, '')}/${path}`}>{execution}</Outward>
}
