import { z } from 'zod'
import { type Remediation, RemediationTemplate } from '../domain/decision.ts'
import type { FixLimits } from '../domain/policy.ts'
import { type Access, type Query, within } from './connection.ts'
import { type Statement, sql } from './sql.ts'
import { setSwitch, stoppedBy } from './switches.ts'

/** After so many verifications in a row that failed, a template is switched off until an admin looks at it. */
export const failuresBeforeOff = 3

/** How a fix ended. `not_run`: it was let go and could not be run. */
export type FixOutcome = 'well' | 'bad' | 'not_run'

/** Whether a fix may leave now. `wait`: another incident's fix is at the same thing. */
export type Admission = { answer: 'go' } | { answer: 'wait' | 'never'; why: string }

/** The thing a fix touches, as its row of the catalogue names it. */
export interface FixedThing {
  system: string
  thing: string
}

/**
 * Lets a fix go, or not: no switch is thrown, no limit is reached, and nothing else is being fixed there. All of it is
 * decided at one place and time for a tenant, so that two incidents never pass together. Asked again by the same fix it
 * answers the same, but for a switch thrown meanwhile.
 */
export function admitFix(
  access: Access,
  fix: { key: string; incident: string; remediation: Remediation; limits: FixLimits } & FixedThing,
): Promise<Admission> {
  const { key, incident, system, thing, limits } = fix
  const { template, target } = fix.remediation
  return within(access, async (query) => {
    await query.run(sql`select pg_advisory_xact_lock(hashtextextended(current_setting('dim.tenant') || '/fixes', 3))`)
    const stopped = await stoppedBy(query, template)
    if (stopped) return { answer: 'never', why: stopped }
    const own = await query.first(z.object({}), sql`select from fix_runs where key = ${key} and ended_at is null`)
    if (own) return { answer: 'go' }
    const reached =
      (await limitReached(query, sql`target = ${target}`, limits.target, target)) ??
      (await limitReached(query, sql`system = ${system}`, limits.system, system)) ??
      (await limitReached(query, sql`true`, limits.tenant, 'all that there is'))
    if (reached) return { answer: 'never', why: reached }
    const inserted = await query.run(
      sql`insert into fix_runs (tenant, key, incident, template, target, system, thing)
          values (current_setting('dim.tenant'), ${key}, ${incident}, ${template}, ${target}, ${system}, ${thing})
          on conflict (tenant, thing) where ended_at is null do nothing`,
    )
    if (inserted === 1) return { answer: 'go' }
    return { answer: 'wait', why: `${thing} is being fixed for ${await fixerOf(query, thing)}` }
  })
}

/** The incident whose fix is at a thing, another than `except`; null when none is. */
export async function fixerOf(access: Access, thing: string, except = ''): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ incident: z.string() }),
      sql`select incident from fix_runs where thing = ${thing} and ended_at is null and incident <> ${except}`,
    ),
  )
  return row?.incident ?? null
}

/** The other incident whose fix of the same thing ended well since this action was planned; null when there is none. */
export async function fixedMeanwhile(access: Access, key: string, thing: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ incident: z.string() }),
      sql`select fix_runs.incident from fix_runs join actions on actions.tenant = fix_runs.tenant and actions.key = ${key}
          where thing = ${thing} and outcome = 'well' and ended_at > actions.created_at and fix_runs.key <> ${key}
          order by ended_at desc limit 1`,
    ),
  )
  return row?.incident ?? null
}

/**
 * Ends the run of an incident's fix and gives its thing free. Answers whether its template was switched off by it: the
 * last few of its verifications have all failed.
 */
export async function endFixRun(
  query: Query,
  incident: string,
  outcome: FixOutcome,
  detail: string,
): Promise<{ switchedOff: string | null }> {
  const ended = await query.first(
    z.object({ template: RemediationTemplate }),
    sql`update fix_runs set ended_at = clock_timestamp(), outcome = ${outcome}, detail = ${detail.slice(0, 1000)}
        where incident = ${incident} and ended_at is null returning template`,
  )
  if (!ended || outcome !== 'bad') return { switchedOff: null }
  const template = ended.template
  const latest = await query.rows(
    z.object({ outcome: z.string() }),
    sql`select outcome from fix_runs
        where template = ${template} and outcome in ('well', 'bad')
          and ended_at > coalesce((select max(at) from switches where subject = ${template}), '-infinity')
        order by ended_at desc limit ${failuresBeforeOff}`,
  )
  if (latest.length < failuresBeforeOff || latest.some((run) => run.outcome === 'well')) return { switchedOff: null }
  const why = `its last ${failuresBeforeOff} fixes did not help`
  await setSwitch(query, { subject: template, thrown: true, who: 'auto_remediate', why })
  return { switchedOff: `${template} is switched off from now on: ${why}.` }
}

async function limitReached(
  query: Query,
  which: Statement,
  { count, hours }: { count: number; hours: number },
  name: string,
): Promise<string | null> {
  const row = await query.first(
    z.object({ runs: z.number() }),
    sql`select count(*)::int as runs from fix_runs
        where ${which} and started_at > now() - make_interval(secs => ${hours * 3600})`,
  )
  const runs = row?.runs ?? 0
  return runs < count ? null : `Policy allows ${count} fixes of ${name} in ${hours} hours, and ${runs} were run.`
}
