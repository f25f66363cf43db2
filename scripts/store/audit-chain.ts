import { createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import type { Query, Store } from './connection.ts'
import { sql } from './sql.ts'

const batch = 500
/** Transactions end in another order than they take their ids in, though never this many lines apart. */
const outOfOrder = 10_000
/** What the first link holds in place of the one before it. */
const beginning = ''

const Line = z.object({
  audit_id: z.string(),
  at: z.string(),
  actor: z.string(),
  what: z.string(),
  subject: z.string().nullable(),
  detail: z.string(),
})
type Line = z.infer<typeof Line>

/** Each value as one text that PostgreSQL writes the same way for ever. */
const columns = sql`a.id::text as audit_id, to_char(a.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as at,
  a.actor, a.what, a.subject, a.detail::text as detail`

const Head = z.object({ sequence: z.number(), seal: z.string() })
/** The newest link. Who writes it down elsewhere finds out when the end of the chain is cut off. */
export type ChainHead = z.infer<typeof Head>

/** A link that does not hold, and what happened to the line of the audit log that it was made of. */
export interface ChainFault {
  sequence: number
  audit_id: string
  what: 'changed' | 'removed' | 'link missing before'
}

/** The key must be hard to guess: who has it can make links of their own. @throws AppError E_SETTING_INVALID */
function checkKey(key: string): void {
  if (key.length >= 32) return
  throw new AppError(
    'E_SETTING_INVALID',
    `AUDIT_KEY has ${key.length} characters; it takes 32 or more.`,
    'Use the output of: openssl rand -hex 32',
  )
}

/**
 * Adds a link for each line of the audit log that has none, the older first; how many, and the newest. Whoever
 * comes at the same time waits, and finds nothing left.
 * @throws AppError E_SETTING_INVALID
 */
export async function sealAudit(
  store: Store,
  key: string,
  stop: () => boolean = () => false,
): Promise<{ sealed: number; head: ChainHead | null }> {
  checkKey(key)
  let sealed = 0
  for (;;) {
    const added = await store.transaction((query) => sealBatch(query, store.tenant, key))
    sealed += added
    if (added < batch || stop()) return { sealed, head: await store.transaction(chainHead) }
  }
}

async function sealBatch(query: Query, tenant: string, key: string): Promise<number> {
  await query.run(sql`select pg_advisory_xact_lock(hashtextextended(current_setting('dim.tenant') || '/audit', 3))`)
  const head = await chainHead(query)
  const lines = await query.rows(
    Line,
    sql`select ${columns} from audit a
        where a.id > (select coalesce(max(audit_id), 0) from audit_seals) - ${outOfOrder}::bigint
          and not exists (select from audit_seals s where s.audit_id = a.id)
        order by a.id limit ${batch}`,
  )
  let { sequence, seal } = head ?? { sequence: 0, seal: beginning }
  const links = lines.map((line) => {
    sequence += 1
    seal = sealOf(key, tenant, sequence, seal, line)
    return { sequence, audit_id: line.audit_id, seal }
  })
  if (links.length === 0) return 0
  return query.run(
    sql`insert into audit_seals (tenant, sequence, audit_id, seal)
        select current_setting('dim.tenant'), sequence, audit_id, seal from unnest(
          ${links.map((link) => link.sequence)}::bigint[], ${links.map((link) => link.audit_id)}::bigint[],
          ${links.map((link) => link.seal)}::text[]) as links (sequence, audit_id, seal)`,
  )
}

/** The newest link, null while there is none. */
function chainHead(query: Query): Promise<ChainHead | null> {
  return query.first(Head, sql`select sequence::int as sequence, seal from audit_seals order by sequence desc limit 1`)
}

const Link = z.object({
  sequence: z.number(),
  sealed_id: z.string(),
  seal: z.string(),
  audit_id: z.string().nullable(),
  at: z.string().nullable(),
  actor: z.string().nullable(),
  what: z.string().nullable(),
  subject: z.string().nullable(),
  detail: z.string().nullable(),
})

/**
 * Holds every link to the line it was made of. A link is judged by the seal that stands before it, so that one changed
 * line is one fault. A line out of which a person's data was taken is none, as long as it is what that erasure left:
 * `erased` counts them. Changes nothing.
 * @throws AppError E_SETTING_INVALID
 */
export async function checkAuditChain(
  store: Store,
  key: string,
): Promise<{ head: ChainHead | null; faults: ChainFault[]; unsealed: number; erased: number }> {
  checkKey(key)
  const faults: ChainFault[] = []
  const changed = new Map<string, string>()
  let head: ChainHead | null = null
  for (;;) {
    const after: number = head?.sequence ?? 0
    const links = await store.transaction((query) =>
      query.rows(
        Link,
        sql`select s.sequence::int as sequence, s.audit_id::text as sealed_id, s.seal, ${columns}
            from audit_seals s left join audit a on a.id = s.audit_id
            where s.sequence > ${after} order by s.sequence limit ${batch}`,
      ),
    )
    for (const link of links) {
      const { sequence, seal, sealed_id: audit_id } = link
      const before: ChainHead = head ?? { sequence: 0, seal: beginning }
      const line = Line.safeParse(link)
      if (sequence !== before.sequence + 1) faults.push({ sequence, audit_id, what: 'link missing before' })
      else if (!line.success) faults.push({ sequence, audit_id, what: 'removed' })
      else if (sealOf(key, store.tenant, sequence, before.seal, line.data) !== seal) {
        faults.push({ sequence, audit_id, what: 'changed' })
        changed.set(audit_id, fingerprintOf(line.data))
      }
      head = { sequence, seal }
    }
    if (links.length < batch) break
  }
  const left = await store.transaction((query) => leftByErasures(query, changed))
  const unexplained = faults.filter(({ audit_id, what }) => what !== 'changed' || !left.has(audit_id))
  return { head, faults: unexplained, unsealed: await unsealedLines(store), erased: left.size }
}

const Erasure = z.object({ id: z.string(), lines: z.record(z.string(), z.string()).nullable() })

/** Which of the changed lines are what an erasure left of them. An erasure that was changed itself explains nothing. */
async function leftByErasures(query: Query, changed: ReadonlyMap<string, string>): Promise<Set<string>> {
  if (changed.size === 0) return new Set()
  const erasures = await query.rows(
    Erasure,
    sql`select id::text, detail -> 'lines' as lines from audit where what = 'erased' order by id`,
  )
  const left = new Map<string, { by: string; fingerprint: string }>()
  for (const { id, lines } of erasures)
    for (const [line, fingerprint] of Object.entries(lines ?? {})) left.set(line, { by: id, fingerprint })
  const isLeft = (id: string) => left.get(id)?.fingerprint === changed.get(id)
  return new Set([...changed.keys()].filter((id) => isLeft(id) && isSound(left.get(id)?.by ?? '', changed, isLeft)))
}

function isSound(id: string, changed: ReadonlyMap<string, string>, isLeft: (id: string) => boolean): boolean {
  return !changed.has(id) || isLeft(id)
}

/** What lines of the audit log are at this moment, by their ids. */
export async function fingerprintsOfLines(query: Query, ids: readonly string[]): Promise<Record<string, string>> {
  if (ids.length === 0) return {}
  const lines = await query.rows(
    Line,
    sql`select ${columns} from audit a where a.id = any(${ids}::bigint[]) order by a.id`,
  )
  return Object.fromEntries(lines.map((line) => [line.audit_id, fingerprintOf(line)]))
}

function fingerprintOf({ audit_id, at, actor, what, subject, detail }: Line): string {
  return createHash('sha256')
    .update(JSON.stringify([audit_id, at, actor, what, subject, detail]))
    .digest('hex')
}

/** The seal of a link that a head named before; null when there is no such link. */
export async function sealAt(store: Store, sequence: number): Promise<string | null> {
  const found = await store.transaction((query) =>
    query.first(z.object({ seal: z.string() }), sql`select seal from audit_seals where sequence = ${sequence}`),
  )
  return found?.seal ?? null
}

async function unsealedLines(store: Store): Promise<number> {
  const found = await store.transaction((query) =>
    query.first(
      z.object({ count: z.number() }),
      sql`select count(*)::int as count from audit a
          where not exists (select from audit_seals s where s.audit_id = a.id)`,
    ),
  )
  return found?.count ?? 0
}

function sealOf(key: string, tenant: string, sequence: number, before: string, line: Line): string {
  const { audit_id, at, actor, what, subject, detail } = line
  const content = JSON.stringify([tenant, sequence, before, audit_id, at, actor, what, subject, detail])
  return createHmac('sha256', key).update(content).digest('hex')
}
