import { z } from 'zod'
import type { RemediationTemplate } from '../domain/decision.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { sql, text } from './sql.ts'

/** What a switch stops: every fix, or those of one template. */
export type SwitchSubject = '*' | RemediationTemplate

export const Switch = z.object({
  subject: z.string(),
  thrown: z.boolean(),
  who: z.string(),
  why: z.string(),
  at: z.date(),
})
export type Switch = z.infer<typeof Switch>

/** Throws or releases a switch; the next step of every fix sees it. Whoever calls has asked whether `who` may. */
export async function setSwitch(
  access: Access,
  { subject, thrown, who, why }: { subject: SwitchSubject; thrown: boolean; who: string; why: string },
): Promise<void> {
  await within(access, async (query) => {
    await query.run(
      sql`insert into switches (tenant, subject, thrown, who, why)
          values (current_setting('dim.tenant'), ${subject}, ${thrown}, ${text(who)}, ${text(why)})`,
    )
    const what = subject === '*' ? 'kill switch' : `switch of ${subject}`
    await appendAudit(query, {
      actor: who,
      what: `${what} ${thrown ? 'thrown' : 'released'}`,
      subject: null,
      detail: { why },
    })
  })
}

/** The switches that are thrown. */
export function thrownSwitches(access: Access): Promise<Switch[]> {
  return within(access, (query) =>
    query.rows(
      Switch,
      sql`select subject, thrown, who, why, at from (
            select distinct on (subject) subject, thrown, who, why, at from switches order by subject, id desc
          ) as latest
          where thrown order by subject`,
    ),
  )
}

/** Why no fix of this template may run at present, in one sentence; null when no switch is thrown. */
export async function stoppedBy(access: Access, template: RemediationTemplate): Promise<string | null> {
  const thrown = await thrownSwitches(access)
  const all = thrown.find(({ subject }) => subject === '*')
  if (all) return `${all.who} has thrown the kill switch: ${all.why}`
  const own = thrown.find(({ subject }) => subject === template)
  return own ? `${template} is switched off: ${own.why}` : null
}
