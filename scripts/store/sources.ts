import { z } from 'zod'
import { type Alert, sourceKey } from '../domain/alert.ts'
import { ownSource } from '../domain/own-alert.ts'
import { type Access, type Query, within } from './connection.ts'
import type { Quiet } from './quieting.ts'
import { sql } from './sql.ts'

/** The webhook's key of today, or the one before it that is still let in. */
export const WebhookKey = z.enum(['current', 'previous'])
export type WebhookKey = z.infer<typeof WebhookKey>

/** What is known of a source: who posts, when it was last heard, and whether it is silent. */
export const SourceHeard = z.object({
  source: z.string(),
  last_heard_at: z.date().nullable(),
  heard: z.coerce.number(),
  /** From when on it should have been heard; null while nobody expects it. */
  expected_since: z.date().nullable(),
  /** Since when people have been told that it is silent. */
  silent_since: z.date().nullable(),
  /** When it last came with the webhook's key of then, and with the one before it. */
  current_key_at: z.date().nullable(),
  previous_key_at: z.date().nullable(),
})
export type SourceHeard = z.infer<typeof SourceHeard>

/** Every source that was ever heard or expected, by name. */
export function listSources(access: Access): Promise<SourceHeard[]> {
  return within(access, (query) =>
    query.rows(
      SourceHeard,
      sql`select source, last_heard_at, heard, expected_since, silent_since, current_key_at, previous_key_at
          from source_heard order by source`,
    ),
  )
}

/** When anything last came with the webhook's previous key, readable or not; null when nothing that is kept did. */
export async function previousKeyUsed(access: Access): Promise<Date | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ received_at: z.date() }),
      sql`select received_at from raw_payloads where webhook_key = 'previous' order by received_at desc limit 1`,
    ),
  )
  return row?.received_at ?? null
}

interface Heard {
  alerts: readonly Alert[]
  quiet?: Quiet
  webhookKey?: WebhookKey | null
}

/** Counts a delivery for each source that it speaks of, heartbeats included; what came back from us is no source's. */
export async function noteHeard(query: Query, { alerts, quiet, webhookKey = null }: Heard): Promise<void> {
  const sources = alerts.flatMap((alert, position) => {
    const ignored = quiet?.ignored[position]
    return alert.source === ownSource || (ignored && ignored !== heartbeat) ? [] : [sourceKey(alert)]
  })
  // In one order, so that no two deliveries wait for each other.
  for (const source of [...new Set(sources)].sort()) {
    await query.run(
      sql`insert into source_heard (tenant, source, last_heard_at, heard, current_key_at, previous_key_at)
          values (current_setting('dim.tenant'), ${source}, now(), 1,
            case when ${webhookKey}::text = 'current' then now() end,
            case when ${webhookKey}::text = 'previous' then now() end)
          on conflict (tenant, source) do update
          set last_heard_at = now(), heard = source_heard.heard + 1,
            current_key_at = coalesce(excluded.current_key_at, source_heard.current_key_at),
            previous_key_at = coalesce(excluded.previous_key_at, source_heard.previous_key_at)`,
    )
  }
}

/** Why a heartbeat is not folded. */
export const heartbeat = 'a heartbeat'

/** Notes that a source is expected from now on, if it was not before. */
export async function expectSource(query: Query, source: string): Promise<void> {
  await query.run(
    sql`insert into source_heard (tenant, source, expected_since)
        values (current_setting('dim.tenant'), ${source}, now())
        on conflict (tenant, source) do update
        set expected_since = coalesce(source_heard.expected_since, now())`,
  )
}

export async function markSilent(query: Query, source: string, since: Date | null): Promise<void> {
  await query.run(sql`update source_heard set silent_since = ${since} where source = ${source}`)
}

/** Whether an incident of our own is about a source that is silent still: nothing else would keep it open. */
export async function isAboutSilence(access: Access, incident: string): Promise<boolean> {
  const row = await within(access, (query) =>
    query.first(
      z.object({}),
      sql`select from incidents
          join source_heard as heard
            on heard.tenant = incidents.tenant and lower(heard.source) = lower(incidents.asset ->> 'name')
          where incidents.id = ${incident} and incidents.source = ${ownSource} and silent_since is not null`,
    ),
  )
  return row !== null
}
