import { includesRole } from '../../scripts/domain/account.ts'
import { blastRadius } from '../../scripts/domain/blast-radius.ts'
import { ofKind } from '../../scripts/domain/evidence.ts'
import type { Approval } from '../../scripts/store/approvals.ts'
import type { IncidentRecord } from '../../scripts/store/incident-record.ts'
import { Form } from '../parts/form.tsx'
import type { Viewer } from '../parts/layout.tsx'
import { incidentPath } from '../parts/links.tsx'
import { Ago, At, Deadline } from '../parts/time.tsx'
import { spoken } from '../parts/words.ts'

/** A fix that waits for a person: what it does, to what, what it may reach, and who may say yes. */
export function ApprovalPart({ record, viewer, now }: { record: IncidentRecord; viewer: Viewer; now: Date }) {
  const { approval, incident, evidence, decisions } = record
  if (!approval || incident.state !== 'awaiting_approval' || approval.state !== 'asked') return null
  const { remediation, expires_at, asked_at } = approval
  const approvers = decisions[0]?.decision?.approval?.approvers ?? []
  const tier = ofKind(evidence, 'catalog_entry').find(({ source }) => source === 'catalog')?.data.tier
  const path = incidentPath(incident.id)
  const mayAnswer =
    includesRole(viewer.person.role, 'responder') &&
    approvers.some((name) => name.toLowerCase() === viewer.person.name.toLowerCase())
  return (
    <section id="approval" data-live aria-labelledby="approval-title" class="panel steer">
      <h2 id="approval-title">A fix waits for approval</h2>
      <p>
        <strong>{spoken(remediation.template)}</strong> on <code>{remediation.target}</code>
      </p>
      <dl class="record">
        <div>
          <dt>Blast radius</dt>
          <dd>
            {blastRadius(evidence).join('; ')}
            {tier ? ` · tier ${tier}` : ''}
          </dd>
        </div>
        <div>
          <dt>Asked</dt>
          <dd>
            <At at={asked_at} />
          </dd>
        </div>
        <div>
          <dt>Answer within</dt>
          <dd>
            <Deadline at={expires_at} now={now} />
          </dd>
        </div>
        <div>
          <dt>May approve</dt>
          <dd>{approvers.join(', ') || 'nobody is named'}</dd>
        </div>
      </dl>
      <DryRunPart approval={approval} now={now} />
      {mayAnswer ? (
        <div class="inline">
          <Form action={`${path}/approve`} csrf={viewer.csrf}>
            <button type="submit" class="primary">
              Approve the fix
            </button>
          </Form>
          <Form action={`${path}/refuse`} csrf={viewer.csrf} class="inline">
            <label>
              Why not
              <input name="why" required minlength={3} maxlength={500} />
            </label>
            <button type="submit" class="danger">
              Refuse
            </button>
          </Form>
        </div>
      ) : (
        <p class="muted">Policy names you as no approver of this fix.</p>
      )}
    </section>
  )
}

/** How long after it was asked for the dry run may take to be there. */
const madeWithinMs = 120_000

/** What it would do, as its own system said when it was asked. */
function DryRunPart({ approval, now }: { approval: Approval; now: Date }) {
  const { asked_at, dry_run, dry_run_fault, dry_run_at } = approval
  const isLate = now.getTime() - asked_at.getTime() > madeWithinMs
  return (
    <div id="dry-run" class="dry-run">
      <h3>Dry run</h3>
      {dry_run ? <p class="prose">{dry_run}</p> : null}
      {dry_run_fault ? (
        <p class="prose">
          <span class="state failed">could not be made</span> {dry_run_fault}
        </p>
      ) : null}
      {dry_run_at ? (
        <p class="muted">
          Asked of its system <Ago at={dry_run_at} now={now} />. It is asked again just before the fix runs, and what it
          refuses then does not run.
        </p>
      ) : (
        <p class="muted">
          {isLate
            ? 'None was made: the execution of auto_remediate in Kestra says why. It is made just before the fix runs, and what it refuses then does not run.'
            : 'Its system is being asked what would run; the answer shows here.'}
        </p>
      )}
    </div>
  )
}
