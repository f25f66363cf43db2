import { Hono } from 'hono'
import { ofKind } from '../../scripts/domain/evidence.ts'
import { type IncidentRecord, loadIncidentRecord } from '../../scripts/store/incident-record.ts'
import type { ConsoleEnv, Ground } from '../environment.ts'
import { ApprovalPart } from '../incident/approval.tsx'
import { addChanges, incidentId } from '../incident/changes.ts'
import { ChecklistPart } from '../incident/checklist.tsx'
import { DecisionPart } from '../incident/decision.tsx'
import { EvidencePart } from '../incident/evidence.tsx'
import { ActionsPart, AlertsPart, SimilarPart, TimelinePart } from '../incident/history.tsx'
import { LineagePart, lineageOf } from '../incident/lineage.tsx'
import { FeedbackPart, SteerPart } from '../incident/steer.tsx'
import { doneWords } from '../parts/done.ts'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { Outward } from '../parts/links.tsx'
import { SeverityMark } from '../parts/severity.tsx'
import { Ago, At, Deadline } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { counted, named, spoken, stateWords } from '../parts/words.ts'

/** One incident: everything that is known about it, and what can be done about it. */
export function incidentPages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/:id', async (context) => {
    const record = await loadIncidentRecord(context.get('store'), incidentId(context))
    const done = doneWords(context.req.query('done'))
    return context.html(<IncidentPage record={record} viewer={viewerOf(context)} done={done} ground={ground} />)
  })

  addChanges(pages, ground)
  return pages
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
          <ChecklistPart record={record} />
          <LineagePart lineage={lineageOf(incident, evidence)} decision={decision} />
          <EvidencePart evidence={evidence} cited={new Set(decision?.evidence_ids)} />
          <AlertsPart record={record} />
        </div>
        <div class="narrow">
          <ApprovalPart record={record} viewer={viewer} now={now} />
          <SteerPart record={record} viewer={viewer} />
          <FeedbackPart record={record} />
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
        {record.acknowledgedBy ? <span class="state sent">taken on by {record.acknowledgedBy}</span> : null}
        {record.quieted ? <span class="state">quiet: {record.quieted.reason}</span> : null}
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
            {entry?.owner ? named(entry.owner) : 'nobody named'}{' '}
            {entry?.tier ? <span class="tier">tier {entry.tier}</span> : null}
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
  const base = settings(tenant).CONSOLE_KESTRA_URL
  if (!base) return <code>{execution}</code>
  const path = ['ui', 'main', 'executions', tenant, 'incident_analyzer', execution].map(encodeURIComponent).join('/')
  return <Outward url={`${base.replace(/\/+$/, '')}/${path}`}>{execution}</Outward>
}
