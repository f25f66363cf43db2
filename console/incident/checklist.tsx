import { checklist } from '../../scripts/domain/checklist.ts'
import type { IncidentRecord } from '../../scripts/store/incident-record.ts'

/** States in which the incident waits for a person, or may. */
const forPeople: ReadonlySet<string> = new Set(['open', 'notified', 'awaiting_approval', 'escalated'])

/** What to look at, step by step; nothing while nobody has to. */
export function ChecklistPart({ record }: { record: IncidentRecord }) {
  const { incident, evidence } = record
  const steps = forPeople.has(incident.state) ? checklist(evidence, incident.asset?.name ?? null) : []
  if (steps.length === 0) return null
  return (
    <section id="checklist" data-live aria-labelledby="checklist-title" class="panel">
      <h2 id="checklist-title">Checklist</h2>
      <ol class="prose">
        {steps.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
    </section>
  )
}
