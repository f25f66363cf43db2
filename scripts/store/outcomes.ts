import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { Action } from '../domain/decision.ts'
import { IncidentState } from '../domain/incident.ts'
import type { Store } from './connection.ts'
import { sql } from './sql.ts'

/** What became of one delivery. */
export const Outcome = z.object({
  incident: z.string(),
  state: IncidentState,
  severity: Severity,
  is_incident: z.boolean().nullable(),
  action: Action.nullable(),
  analyzer: z.string().nullable(),
  /** The template of the fix that was run. */
  fix: z.string().nullable(),
  /** Decided, with nothing left to send or to verify. */
  at_rest: z.boolean(),
  opened_at: z.date(),
  /** When the last thing happened to it. */
  changed_at: z.date(),
})
export type Outcome = z.infer<typeof Outcome>

/** What became of the first incident that an execution's alerts belong to; `null` while there is none. */
export function outcomeOf(store: Store, originalId: string): Promise<Outcome | null> {
  return store.transaction((query) =>
    query.first(
      Outcome,
      sql`
        select i.id as incident, i.state, i.severity, i.opened_at,
          (d.decision ->> 'is_incident')::boolean as is_incident,
          d.decision ->> 'recommended_action' as action,
          d.decision ->> 'analyzer' as analyzer,
          (select template from actions f where f.incident = i.id and f.kind = 'fix' order by f.created_at desc limit 1) as fix,
          i.state not in ('open', 'analyzing', 'fixing', 'verifying') and not exists (
            select from actions w where w.incident = i.id and w.state in ('planned', 'sending', 'unknown')
              and w.not_before is not null
          ) as at_rest,
          greatest(
            (select max(at) from transitions t where t.incident = i.id),
            (select max(changed_at) from actions c where c.incident = i.id)
          ) as changed_at
        from alerts a
        join incidents i on i.id = a.incident
        left join decisions d on d.incident = i.id and d.revision = i.revision
        where a.raw_id = ${originalId}
        order by a.position
        limit 1`,
    ),
  )
}
