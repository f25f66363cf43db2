import { z } from 'zod'
import { type KeyPair, KeyPeriod, notePeriod } from '../domain/webhook-keys.ts'
import { type Access, within } from './connection.ts'
import { json, sql } from './sql.ts'

const name = 'webhook_keys'
const Kept = z.object({ detail: z.object({ periods: z.array(KeyPeriod).catch([]) }), now: z.date() })

/** As much of a digest as tells keys apart. */
const digestLength = 32

/** Notes which keys the webhook has at this minute, by their digests. */
export async function noteKeys(access: Access, keys: KeyPair): Promise<void> {
  await within(access, async (query) => {
    await query.run(
      sql`insert into marks (tenant, name, at) values (current_setting('dim.tenant'), ${name}, now()) on conflict do nothing`,
    )
    const kept = await query.first(Kept, sql`select detail, now() as now from marks where name = ${name} for update`)
    if (!kept) return
    const pair = { current: digestOf(keys.current), previous: digestOf(keys.previous) }
    const periods = notePeriod(kept.detail.periods, pair, kept.now)
    await query.run(sql`update marks set at = now(), detail = ${json({ periods })} where name = ${name}`)
  })
}

/** The periods in which the webhook's keys stayed the same, newest first; none while the clock has not looked yet. */
export async function keyPeriods(access: Access): Promise<KeyPeriod[]> {
  const kept = await within(access, (query) =>
    query.first(Kept, sql`select detail, now() as now from marks where name = ${name}`),
  )
  return kept?.detail.periods ?? []
}

function digestOf(digest: string | null): string | null {
  return digest?.slice(0, digestLength) ?? null
}
