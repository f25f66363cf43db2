import { randomInt } from 'node:crypto'
import { z } from 'zod'
import type { Matcher, Silence } from '../domain/silence.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Store, within } from './connection.ts'
import { wakeSilenced } from './quieting.ts'
import { json, sql, text } from './sql.ts'

/** A silence that somebody set. */
export const KeptSilence = z.object({
  id: z.string(),
  name: z.string(),
  asset: z.string().nullable(),
  source: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  starts_at: z.date(),
  ends_at: z.date().nullable(),
  cron: z.string().nullable(),
  minutes: z.number().nullable(),
  zone: z.string().nullable(),
  created_by: z.string(),
  created_at: z.date(),
  ended_at: z.date().nullable(),
  ended_by: z.string().nullable(),
})
export type KeptSilence = z.infer<typeof KeptSilence>

const columns = sql`id, name, asset, source, labels, starts_at, ends_at, cron, minutes, zone, created_by, created_at,
  ended_at, ended_by`

export interface NewSilence extends Matcher {
  /** Why. */
  name: string
  from?: Date
  /** A recurring one may go on for ever. */
  until: Date | null
  recurring: Silence['recurring']
  /** Who says so. */
  by: string
}

/** Sets a silence and answers its id. Who, why and until are in the audit log. */
export async function addSilence(store: Store, silence: NewSilence): Promise<string> {
  const id = `SIL-${Array.from({ length: 6 }, () => idAlphabet[randomInt(idAlphabet.length)]).join('')}`
  const { name, asset, source, labels, until, recurring, by } = silence
  await store.transaction(async (query) => {
    await query.run(
      sql`insert into silences (tenant, id, name, asset, source, labels, starts_at, ends_at, cron, minutes, zone,
            created_by)
          values (current_setting('dim.tenant'), ${id}, ${text(name)}, ${asset ?? null}, ${source ?? null},
            ${json(labels ?? {})}, coalesce(${silence.from ?? null}, now()), ${until}, ${recurring?.cron ?? null},
            ${recurring?.minutes ?? null}, ${recurring?.zone ?? null}, ${text(by)})`,
    )
    await appendAudit(query, {
      actor: by,
      what: 'silence added',
      subject: id,
      detail: { why: name, asset, source, labels, until, recurring },
    })
  })
  return id
}

/** Ends a silence; what it kept quiet is looked at again at the next turn of the clock. False when there is none. */
export function endSilence(store: Store, id: string, by: string): Promise<boolean> {
  return store.transaction(async (query) => {
    const ended = await query.run(
      sql`update silences set ended_at = now(), ended_by = ${text(by)} where id = ${id} and ended_at is null`,
    )
    if (ended === 0) return false
    await appendAudit(query, { actor: by, what: 'silence ended', subject: id, detail: {} })
    await wakeSilenced(query)
    return true
  })
}

/** The silences that may still speak, the latest first; with `all`, those that are over too. */
export function listSilences(access: Access, { all = false }: { all?: boolean } = {}): Promise<KeptSilence[]> {
  return within(access, (query) =>
    query.rows(
      KeptSilence,
      sql`select ${columns} from silences
          where ${all}::boolean or (ended_at is null and coalesce(ends_at > now(), true))
          order by created_at desc, id limit 1000`,
    ),
  )
}

/** One that was kept, as the domain reads it. */
export function asSilence({ asset, source, labels, starts_at, ends_at, ...kept }: KeptSilence): Silence {
  const { id, name, cron, minutes, zone } = kept
  return {
    id,
    name,
    ...(asset !== null && { asset }),
    ...(source !== null && { source }),
    ...(Object.keys(labels).length > 0 && { labels }),
    from: starts_at,
    until: ends_at,
    recurring: cron !== null && minutes !== null ? { cron, minutes, zone: zone ?? 'UTC' } : null,
  }
}

/** No letter or digit that is taken for another one. */
const idAlphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
