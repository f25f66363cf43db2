import { readFileSync } from 'node:fs'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { changeRole, deactivateAccount } from '../../scripts/store/accounts.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { addDeadLetter } from '../../scripts/store/dead-letters.ts'
import { loadIncidentRecord } from '../../scripts/store/incident-record.ts'
import { addSilence } from '../../scripts/store/silences.ts'
import { sql } from '../../scripts/store/sql.ts'
import { listTokens, revokeToken } from '../../scripts/store/tokens.ts'
import { holder, openApi, type Program } from '../../tests/support/api.ts'
import { dayOfIncidents } from '../../tests/support/day-of-incidents.ts'
import { useTestStore } from '../../tests/support/store.ts'
import { tell } from '../../tests/support/stories.ts'
import { openApiDocument } from './document.ts'
import { operations } from './operations.ts'

const database = useTestStore()
const roles = ['viewer', 'responder', 'admin'] as const

/** A tenant with something of everything that an operation can be about. */
interface World {
  store: Store
  tokens: Record<(typeof roles)[number], { token: string; id: string }>
  incident: string
  silence: string
}

async function world(store: Store): Promise<World> {
  const tokens = {
    viewer: await holder(store, 'vera', 'viewer'),
    responder: await holder(store, 'rosa', 'responder'),
    admin: await holder(store, 'ada', 'admin'),
  }
  const incident = await tell(store, dayOfIncidents().find(({ name }) => name === 'schema-drift') ?? expect.fail())
  const letter = { originalId: 'e1', executionId: 'e1', task: 'receive', code: 'E_PAYLOAD_UNREADABLE', message: 'x' }
  await addDeadLetter(store, { ...letter, body: '{"title":"Load failed","severity":"high"}' })
  const until = new Date(Date.now() + 3_600_000)
  const silence = await addSilence(store, { name: 'vendor', source: 'fivetran', until, recurring: null, by: 'rosa' })
  return { store, tokens, incident, silence }
}

/** What each operation is asked with, and what a right one answers; an operation that is not here is a failure. */
function sample(
  id: string,
  { incident, silence, tokens }: World,
): { path: Record<string, string>; body?: unknown; status?: number } {
  const why = { why: 'the vendor is on it' }
  const samples: Record<string, { path?: Record<string, string>; body?: unknown; status?: number }> = {
    'incidents.get': { path: { id: incident } },
    'incidents.dry-run': { path: { id: incident } },
    'incidents.acknowledge': { path: { id: incident } },
    'incidents.give-back': { path: { id: incident }, status: 409 },
    'incidents.approve': { path: { id: incident }, status: 409 },
    'incidents.refuse': { path: { id: incident }, body: why, status: 409 },
    'incidents.feedback': { path: { id: incident }, body: { verdict: 'right' } },
    'incidents.silence': { path: { id: incident }, body: { ...why, hours: 3 } },
    'incidents.again': { path: { id: incident }, body: why },
    'incidents.resolve': { path: { id: incident }, body: why },
    'dead-letters.replay': { path: { execution: 'e1', task: 'receive' } },
    'switches.throw': { body: why },
    'switches.release': { body: why, status: 409 },
    'silences.add': { body: { ...why, source: 'plain/*', until: new Date(Date.now() + 60_000).toISOString() } },
    'silences.end': { path: { id: silence } },
    'tokens.revoke': { path: { id: tokens.viewer.id } },
    'accounts.add': { body: { name: 'new', role: 'viewer' } },
    'accounts.link': { path: { name: 'vera' } },
    'accounts.role': { path: { name: 'vera' }, body: { role: 'responder' } },
    'accounts.deactivate': { path: { name: 'vera' } },
    'accounts.single-sign-on': { path: { name: 'vera' } },
    'accounts.belongings': { path: { name: 'vera' } },
  }
  return { path: {}, ...samples[id] }
}

interface Described {
  id: string
  method: string
  path: string
  role: (typeof roles)[number]
  answer: z.ZodType
}

/** The operations as the document tells them. */
function described(): Described[] {
  const document = z
    .object({
      paths: z.record(
        z.string(),
        z.record(
          z.string(),
          z.looseObject({ operationId: z.string(), 'x-role': z.enum(roles), responses: z.record(z.string(), z.any()) }),
        ),
      ),
      components: z.looseObject({ schemas: z.record(z.string(), z.any()) }),
    })
    .parse(JSON.parse(JSON.stringify(openApiDocument()).replaceAll('#/components/schemas/', '#/$defs/')))
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, 'x-role': role, responses }]) => ({
      id,
      method,
      path,
      role,
      answer: z.fromJSONSchema({
        ...responses['200'].content['application/json'].schema,
        $defs: document.components.schemas,
      }),
    })),
  )
}

const all = described()
const concrete = (path: string, parameters: Record<string, string>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? expect.fail(name)))

async function auditLines(store: Store): Promise<number> {
  const row = await store.transaction((query) =>
    query.first(z.object({ count: z.number() }), sql`select count(*)::int as count from audit`),
  )
  return row?.count ?? 0
}

describe('every operation', () => {
  let mine: World
  let theirs: World
  let program: Program
  beforeAll(async () => {
    mine = await world(database.tenant())
    theirs = await world(database.tenant())
    program = openApi([mine.store, theirs.store])
  })

  it('is in docs/api.md, with whom it needs', () => {
    const page = readFileSync('docs/api.md', 'utf8')
    const told = [...page.matchAll(/^\| `([A-Z]+ \S+)` \| (.+) \| (\w+) \|$/gm)].map((match) => match.slice(1))
    expect(told).toEqual(
      operations.map(({ method, path, summary, role }) => [`${method.toUpperCase()} ${path}`, summary, role]),
    )
  })

  it('is in the document', () => {
    expect(all.map(({ id }) => id).sort()).toEqual(operations.map(({ id }) => id).sort())
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  it.each(all)(
    '$id is refused to nobody and to who may not, and changes nothing',
    async ({ id, method, path, role }) => {
      const { path: parameters, body } = sample(id, mine)
      const before = await auditLines(mine.store)
      const ask = (token?: string) =>
        program.ask(method, concrete(path, parameters), {
          ...(token && { token }),
          ...(method === 'post' && { body: body ?? {} }),
        })
      for (const token of [
        undefined,
        `${mine.tokens.admin.token.slice(0, -1)}!`,
        `dim_${theirs.store.tenant}~${mine.tokens.admin.token.split('~')[1]}`,
      ]) {
        const answer = await ask(token)
        expect([token, answer.status, answer.headers.get('content-type')]).toEqual([
          token,
          401,
          'application/problem+json',
        ])
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      }
      for (const lesser of roles.slice(0, roles.indexOf(role))) {
        const answer = await ask(mine.tokens[lesser].token)
        expect([lesser, answer.status, await answer.json()]).toEqual([
          lesser,
          403,
          expect.objectContaining({ status: 403 }),
        ])
      }
      expect(await auditLines(mine.store)).toBe(before)
    },
  )

  it.each(all)('$id answers who may, as the document says', async ({ id, method, path, role, answer: schema }) => {
    const own = await world(database.tenant())
    const asked = openApi([own.store])
    const { path: parameters, body, status = 200 } = sample(id, own)
    const { token } = own.tokens[role]
    const answer = await asked.ask(method, concrete(path, parameters), {
      token,
      ...(method === 'post' && { body: body ?? {} }),
    })
    const said = await answer.json()
    expect([answer.status, said]).toEqual([status, expect.anything()])
    if (status !== 200) return
    expect(schema.safeParse(said).error?.issues ?? []).toEqual([])
    if (method !== 'post') return
    const by = await own.store.transaction((query) =>
      query.rows(
        z.object({ actor: z.string(), subject: z.string().nullable(), detail: z.looseObject({}) }),
        sql`select actor, subject, detail from audit where what = 'used a token'`,
      ),
    )
    expect(by).toEqual([
      expect.objectContaining({ subject: own.tokens[role].id, detail: expect.objectContaining({ operation: id }) }),
    ])
  })

  it.each(all)('$id shows and changes nothing of another tenant', async ({ id, method, path }) => {
    const { path: parameters, body } = sample(id, mine)
    const before = await auditLines(mine.store)
    const answer = await program.ask(method, concrete(path, parameters), {
      token: theirs.tokens.admin.token,
      ...(method === 'post' && { body: body ?? {} }),
    })
    const said = await answer.text()
    for (const secret of [mine.incident, mine.silence, mine.tokens.admin.id]) {
      expect(said.replaceAll(JSON.stringify(Object.values(parameters)), '')).not.toContain(`"${secret}"`)
    }
    if (
      Object.values(parameters).some((value) => [mine.incident, mine.silence, mine.tokens.viewer.id].includes(value))
    ) {
      expect(answer.status).toBe(404)
    }
    expect(await auditLines(mine.store)).toBe(before)
  })
})

describe('a token', () => {
  let store: Store
  let program: Program
  beforeEach(() => {
    store = database.tenant()
    program = openApi([store])
  })
  const me = async (token: string) => {
    const answer = await program.ask('get', '/me', { token })
    return [answer.status, z.looseObject({ role: z.string().optional() }).parse(await answer.json()).role]
  }

  it('does what its scope allows, and never more than its owner may by now', async () => {
    const { token } = await holder(store, 'ada', 'admin', { scope: 'responder' })
    await holder(store, 'bob', 'admin')
    expect(await me(token)).toEqual([200, 'responder'])
    expect(await changeRole(store, 'ada', 'viewer', 'bob')).not.toBe('unknown')
    expect(await me(token)).toEqual([200, 'viewer'])
  })

  it('ends when it is revoked, when its time is over, and with its owner', async () => {
    const revoked = await holder(store, 'ada', 'admin')
    const over = await holder(store, 'bob', 'admin', { days: 0 })
    const gone = await holder(store, 'eve', 'admin')
    expect(await me(revoked.token)).toEqual([200, 'admin'])
    expect(await revokeToken(store, 'bob', revoked.id)).toBe(false)
    expect(await revokeToken(store, 'ada', revoked.id)).toBe(true)
    await deactivateAccount(store, 'eve', 'ada')
    for (const { token } of [revoked, over, gone]) expect(await me(token)).toEqual([401, undefined])
    expect(await listTokens(store, 'ada')).toEqual([])
  })

  it('is kept as a hash alone', async () => {
    const { token } = await holder(store, 'ada', 'admin')
    const secret = token.split('~')[1] ?? expect.fail()
    const rows = await store.transaction((query) =>
      query.rows(
        z.object({ row: z.string() }),
        sql`select row_to_json(api_tokens)::text as row from api_tokens
        union all select row_to_json(audit)::text from audit`,
      ),
    )
    expect(rows.length).toBeGreaterThan(1)
    for (const { row } of rows) expect(row).not.toContain(secret)
  })

  it('may ask 600 times a minute, then waits', async () => {
    const { token } = await holder(store, 'ada', 'viewer')
    for (let index = 0; index < 600; index += 1) await program.ask('get', '/nowhere', { token })
    const answer = await program.ask('get', '/me', { token })
    expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
  })
})

describe('what is sent', () => {
  let mine: World
  let program: Program
  beforeAll(async () => {
    mine = await world(database.tenant())
    program = openApi([mine.store])
  })

  it.each([
    ['get', '/incidents?page=0', undefined, 400],
    ['get', '/incidents?page=1e9', undefined, 400],
    ['get', '/incidents?size=201', undefined, 400],
    ['get', '/incidents?page=1&page=2', undefined, 400],
    ['get', '/incidents?nonsense=1', undefined, 400],
    ['get', '/incidents?from=2026-01-01&to=2025-01-01', undefined, 400],
    ['get', '/incidents?from=0001-01-01&to=9999-12-31', undefined, 400],
    ['get', '/analytics?from=yesterday', undefined, 400],
    ['get', `/incidents?source=${'x'.repeat(300)}`, undefined, 400],
    ['get', '/incidents/..%2F..%2Fetc%2Fpasswd', undefined, 400],
    ['get', '/incidents/INC-UNKNOWN', undefined, 404],
    ['get', '/nowhere', undefined, 404],
    ['delete', '/incidents', undefined, 404],
    ['post', '/switches/throw', 'why=because', 400],
    ['post', '/switches/throw', '[]', 400],
    ['post', '/switches/throw', `{"why":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 400],
    ['post', '/switches/throw', '{"why":"because","constructor":{"subject":"*"}}', 400],
    ['post', '/accounts/__proto__/role', { role: 'admin' }, 400],
    ['post', '/accounts/constructor/role', { role: 'admin' }, 404],
    ['post', '/switches/throw', '{"why":', 400],
    ['post', '/switches/throw', { why: '\u202e\u200b\u200b\u200b' }, 400],
    ['post', '/switches/throw', { why: 'because', subject: 'constructor' }, 400],
    ['post', '/switches/throw', { why: 'because', who: 'somebody else' }, 400],
    ['post', '/silences', { why: 'because', source: 'x', until: '2001-01-01T00:00:00Z' }, 400],
    ['post', '/silences', { why: 'because', source: 'x', cron: 'never ever', minutes: 5 }, 400],
    ['post', '/silences', { why: 'because', until: '2099-01-01T00:00:00Z' }, 400],
    ['post', '/accounts', { name: 'a b', role: 'admin' }, 400],
    ['post', '/accounts', { name: 'eve', role: 'owner' }, 400],
    ['post', '/accounts', { name: 'vera', role: 'viewer' }, 409],
    ['post', '/accounts/ada/deactivate', {}, 200],
    ['post', '/switches/throw', { why: 'x'.repeat(70_000) }, 413],
  ])('%s %s is answered as it should be (%#)', async (method, path, body, status) => {
    const answer = await program.ask(method, path, {
      token: mine.tokens.admin.token,
      ...(body !== undefined && { body }),
    })
    expect([path, answer.status]).toEqual([path, status])
    if (status === 200) return
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({
      type: 'about:blank',
      status,
      detail: expect.any(String),
      hint: expect.any(String),
    })
  })

  it('by a cookie alone is asked of nobody, and a page of another site can’t read it', async () => {
    const answer = await program.ask('post', `/incidents/${mine.incident}/resolve`, {
      body: { why: 'because' },
      headers: { cookie: 'dim_session=x', origin: 'https://evil.example' },
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, null])
    expect((await loadIncidentRecord(mine.store, mine.incident)).incident.closed_at).toBeNull()
  })
})
