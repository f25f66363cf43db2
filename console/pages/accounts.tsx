import { Hono } from 'hono'
import { z } from 'zod'
import { AccountName, Role } from '../../scripts/domain/account.ts'
import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import { type Account, addAccount, changeRole, listAccounts, renewInvite } from '../../scripts/store/accounts.ts'
import { expectVouched } from '../../scripts/store/oidc-accounts.ts'
import { type Belongings, belongingsOf, deactivatePerson } from '../../scripts/workflow/deactivate.ts'
import { nameTaken, refusedChange, settle, unknownAccount } from '../accounts/outcome.ts'
import { PersonPage } from '../accounts/person.tsx'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { doneWords } from '../parts/done.ts'
import { Form } from '../parts/form.tsx'
import { Layout, type Viewer } from '../parts/layout.tsx'
import { address } from '../parts/query.ts'
import { Table } from '../parts/table.tsx'
import { Ago, At } from '../parts/time.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { parsed } from '../refusal.ts'
import { requireRole } from '../security/session.ts'

const AccountForm = z.object({ name: AccountName, role: Role })
const NameForm = z.object({ name: AccountName })

/** Who may log in, and what they may do. For admins. */
export function accountPages(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()
  pages.use(requireRole('admin'))

  pages.get('/', (context) => show(context, ground, { done: doneWords(context.req.query('done')) }))

  pages.post('/add', async (context) => {
    const { name, role } = parsed(AccountForm, await context.req.parseBody())
    const secret = newSecret()
    const by = context.get('person').name
    if (!(await addAccount(context.get('store'), { name, role, inviteHash: hashSecret(secret), by }))) {
      throw nameTaken(name)
    }
    return show(context, ground, { link: { name, url: linkOf(context, secret) } })
  })

  pages.post('/link', async (context) => {
    const { name } = parsed(NameForm, await context.req.parseBody())
    const secret = newSecret()
    if (!(await renewInvite(context.get('store'), name, hashSecret(secret), context.get('person').name)))
      throw unknownAccount()
    return show(context, ground, { link: { name, url: linkOf(context, secret) } })
  })

  pages.post('/role', async (context) => {
    const { name, role } = parsed(AccountForm, await context.req.parseBody())
    settle(await changeRole(context.get('store'), name, role, context.get('person').name))
    return context.redirect('/accounts?done=role', 303)
  })

  pages.post('/single-sign-on', async (context) => {
    const { name } = parsed(NameForm, await context.req.parseBody())
    if (!(await expectVouched(context.get('store'), name, context.get('person').name))) throw unknownAccount()
    return context.redirect('/accounts?done=single_sign_on', 303)
  })

  pages.get('/person', async (context) => {
    const { name } = parsed(NameForm, context.req.query())
    return showPerson(context, name)
  })

  pages.post('/deactivate', async (context) => {
    const { name } = parsed(NameForm, await context.req.parseBody())
    const store = context.get('store')
    const by = context.get('person').name
    const had = await deactivatePerson(store, { name, by }, ground.settings(store.tenant))
    if (typeof had === 'string') throw refusedChange(had)
    return showPerson(context, name, had)
  })

  return pages

  async function showPerson(context: ConsoleContext, name: string, had?: Belongings) {
    const store = context.get('store')
    const account = (await listAccounts(store)).find((one) => one.name === name)
    if (!account) throw unknownAccount()
    const belongings = had ?? (await belongingsOf(store, name, ground.settings(store.tenant)))
    return context.html(
      <PersonPage account={account} viewer={viewerOf(context)} belongings={belongings} isOver={!!had} />,
    )
  }

  function linkOf(context: ConsoleContext, secret: string): string {
    const base = ground.publicUrl?.origin ?? new URL(context.req.url).origin
    return `${base}/join/${context.get('store').tenant}/${secret}`
  }
}

interface Shown {
  done?: string | null
  /** A one-time link that was just made: it is shown once, and only its hash is kept. */
  link?: { name: string; url: string }
}

async function show(context: ConsoleContext, ground: Ground, { done = null, link }: Shown) {
  const accounts = await listAccounts(context.get('store'))
  const viewer = viewerOf(context)
  return context.html(
    <Layout title="Accounts" viewer={viewer} place="/accounts" done={done}>
      <h1>Accounts</h1>
      {link ? (
        <section class="panel steer" aria-labelledby="link-title">
          <h2 id="link-title">One-time link for {link.name}</h2>
          <p>It sets the password, works once and for 72 hours, and is shown only now. Hand it over yourself.</p>
          <p class="inline">
            <code class="secret">{link.url}</code>
            <button type="button" data-copy={link.url}>
              Copy
            </button>
          </p>
        </section>
      ) : null}
      <Table caption="Accounts" heads={['Name', 'Role', 'State', 'Last seen', 'Sessions', 'Change']}>
        {accounts.map((account) => (
          <AccountRow account={account} viewer={viewer} hasProvider={ground.provider != null} />
        ))}
      </Table>
      <section class="panel" aria-labelledby="add-title">
        <h2 id="add-title">Add a person</h2>
        <Form action="/accounts/add" csrf={viewer.csrf} class="inline">
          <label>
            Name
            <input name="name" required maxlength={100} autocapitalize="none" placeholder="name or e-mail address" />
          </label>
          <Roles chosen="responder" />
          <button type="submit" class="primary">
            Add and make a link
          </button>
        </Form>
        <p class="muted">A viewer looks. A responder also acts on incidents. An admin also manages accounts.</p>
      </section>
    </Layout>,
  )
}

function AccountRow({ account, viewer, hasProvider }: { account: Account; viewer: Viewer; hasProvider: boolean }) {
  const { name, role, deactivated_at, ready, seen_at } = account
  const hidden = <input type="hidden" name="name" value={name} />
  return (
    <tr>
      <th scope="row">
        <a href={address('/accounts/person', { name })}>{name}</a>
      </th>
      <td>{role}</td>
      <td>
        {deactivated_at ? (
          <>
            deactivated <At at={deactivated_at} />
          </>
        ) : account.by_provider ? (
          'active, by single sign-on'
        ) : ready ? (
          'active'
        ) : (
          'has not set a password yet'
        )}
      </td>
      <td>{seen_at ? <Ago at={seen_at} now={new Date()} /> : <span class="muted">not logged in</span>}</td>
      <td>{account.sessions}</td>
      <td>
        {deactivated_at ? null : (
          <details id={`change-${name}`}>
            <summary aria-label={`Change ${name}`}>Change</summary>
            <div class="stacked">
              {account.by_provider ? (
                <p class="muted">Groups at the log-in provider decide the role.</p>
              ) : (
                <>
                  <Form action="/accounts/role" csrf={viewer.csrf} class="inline">
                    {hidden}
                    <Roles chosen={role} />
                    <button type="submit">Set</button>
                  </Form>
                  <Form action="/accounts/link" csrf={viewer.csrf}>
                    {hidden}
                    <button type="submit">New one-time link</button>
                  </Form>
                  {hasProvider ? (
                    <Form action="/accounts/single-sign-on" csrf={viewer.csrf}>
                      {hidden}
                      <button type="submit">Hand over to single sign-on</button>
                    </Form>
                  ) : null}
                </>
              )}
              <a href={address('/accounts/person', { name })}>Deactivate…</a>
            </div>
          </details>
        )}
      </td>
    </tr>
  )
}

function Roles({ chosen }: { chosen: Role }) {
  return (
    <label>
      Role
      <select name="role">
        {Role.options.map((role) => (
          <option value={role} selected={role === chosen}>
            {role}
          </option>
        ))}
      </select>
    </label>
  )
}
