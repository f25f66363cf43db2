import { Hono } from 'hono'
import { z } from 'zod'
import { includesRole, Role } from '../../scripts/domain/account.ts'
import { oneLine } from '../../scripts/domain/text.ts'
import { type ApiToken, addToken, listTokens, revokeToken } from '../../scripts/store/tokens.ts'
import { apiBase } from '../api/base.ts'
import { openApiDocument } from '../api/document.ts'
import { operations } from '../api/operations.ts'
import type { ConsoleContext, ConsoleEnv } from '../environment.ts'
import { doneWords } from '../parts/done.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { Table } from '../parts/table.tsx'
import { Ago, At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { notFound, parsed, Refusal } from '../refusal.ts'
import { newToken } from '../security/bearer.ts'

/** How long a token may be good, in days. */
const lifetimes = [7, 30, 90, 365] as const

const TokenForm = z.object({
  label: z
    .string()
    .max(200)
    .transform((text) => oneLine(text, 60))
    .refine((text) => text.length > 0, 'say what it is for'),
  scope: Role,
  days: z.coerce.number().refine((days) => lifetimes.some((one) => one === days), 'is none of those offered'),
})
const IdForm = z.object({ id: z.string().max(64) })

/** A person's own tokens for the API, and what the API offers. */
export function tokenPages(): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', (context) => show(context, null))

  pages.get('/openapi.json', (context) => context.json(openApiDocument()))

  pages.post('/add', async (context) => {
    const { label, scope, days } = parsed(TokenForm, await context.req.parseBody())
    const { name, role } = context.get('person')
    if (!includesRole(role, scope)) {
      throw new Refusal(403, `A token of yours may be ${role} at most.`, 'Choose a lesser scope.')
    }
    const store = context.get('store')
    const { token, hash } = newToken(store.tenant)
    const id = await addToken(store, { account: name, label, scope, days, tokenHash: hash })
    if (id === null) throw new Refusal(409, 'You have as many tokens as one may have.', 'Revoke one that is not used.')
    return show(context, { label, token })
  })

  pages.post('/revoke', async (context) => {
    const { id } = parsed(IdForm, await context.req.parseBody())
    if (!(await revokeToken(context.get('store'), context.get('person').name, id))) throw notFound('This token')
    return context.redirect('/tokens?done=token_revoked', 303)
  })

  return pages
}

async function show(context: ConsoleContext, made: { label: string; token: string } | null) {
  const viewer = viewerOf(context)
  const tokens = await listTokens(context.get('store'), viewer.person.name)
  return context.html(
    <Layout title="API tokens" viewer={viewer} place="/tokens" done={doneWords(context.req.query('done'))}>
      <div>
        <h1>API tokens</h1>
        <p class="muted">
          A program asks the API in your name by a token of yours. It does what its scope allows, and never more than
          you may yourself.
        </p>
      </div>
      {made ? <Made {...made} /> : null}
      <Tokens tokens={tokens} viewer={viewer} />
      <Add viewer={viewer} />
      <Reference />
    </Layout>,
  )
}

function Made({ label, token }: { label: string; token: string }) {
  return (
    <section class="panel steer" aria-labelledby="made-title">
      <h2 id="made-title">Your token for {label}</h2>
      <p>It is shown only now: only its hash is kept. Put it where your program keeps its secrets.</p>
      <p class="inline">
        <code class="secret">{token}</code>
        <button type="button" data-copy={token}>
          Copy
        </button>
      </p>
    </section>
  )
}

function Tokens({ tokens, viewer }: { tokens: readonly ApiToken[]; viewer: Viewer }) {
  if (tokens.length === 0) {
    return (
      <div class="empty">
        <h2>No token yet</h2>
        <p>Make one below; it is shown once.</p>
      </div>
    )
  }
  const now = new Date()
  return (
    <Table caption="Your tokens" heads={['For', 'Scope', 'Made', 'Last used', 'Good until', 'End']}>
      {tokens.map(({ id, label, scope, created_at, used_at, expires_at }) => (
        <tr data-row={id}>
          <th scope="row">
            {label} <span class="muted">{id}</span>
          </th>
          <td>{scope}</td>
          <td>
            <Ago at={created_at} now={now} />
          </td>
          <td>{used_at ? <Ago at={used_at} now={now} /> : <span class="muted">never</span>}</td>
          <td>
            <At at={expires_at} />
          </td>
          <td>
            <Form action="/tokens/revoke" csrf={viewer.csrf}>
              <input type="hidden" name="id" value={id} />
              <button type="submit" class="danger" aria-label={`Revoke the token ${id}`}>
                Revoke
              </button>
            </Form>
          </td>
        </tr>
      ))}
    </Table>
  )
}

function Add({ viewer }: { viewer: Viewer }) {
  return (
    <section class="panel" aria-labelledby="add-title">
      <h2 id="add-title">Make a token</h2>
      <Form action="/tokens/add" csrf={viewer.csrf} class="inline">
        <label>
          For
          <input name="label" required maxlength={60} placeholder="what will use it" />
        </label>
        <label>
          Scope
          <select name="scope">
            {Role.options
              .filter((role) => includesRole(viewer.person.role, role))
              .map((role) => (
                <option value={role}>{role}</option>
              ))}
          </select>
        </label>
        <label>
          Good for
          <select name="days">
            {lifetimes.map((days) => (
              <option value={days} selected={days === 90}>
                {days} days
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary">
          Make a token
        </button>
      </Form>
    </section>
  )
}

function Reference() {
  return (
    <section class="panel" aria-labelledby="reference-title">
      <h2 id="reference-title">What the API offers</h2>
      <p class="muted">
        Below <code>{apiBase}</code>; in full as <a href="/tokens/openapi.json">OpenAPI 3.1</a>.
      </p>
      <Table caption="Operations" stacks heads={['Operation', 'What it does', 'Needs']}>
        {operations.map(({ method, path, summary, role }) => (
          <tr>
            <th scope="row">
              <code>
                {method.toUpperCase()} {path}
              </code>
            </th>
            <td>
              {/* Every second part stood between backticks. */}
              {summary.split('`').map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}
            </td>
            <td class="when">{role}</td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
