import { z } from 'zod'
import { AccountName, Role } from '../../scripts/domain/account.ts'
import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import { Account, addAccount, changeRole, listAccounts, renewInvite } from '../../scripts/store/accounts.ts'
import { expectVouched } from '../../scripts/store/oidc-accounts.ts'
import { ApiToken, listTokens, revokeToken } from '../../scripts/store/tokens.ts'
import { Belongings, belongingsOf, deactivatePerson } from '../../scripts/workflow/deactivate.ts'
import { nameTaken, refusedChange, settle, unknownAccount } from '../accounts/outcome.ts'
import { notFound } from '../refusal.ts'
import { type Caller, type Operation, operation } from './operation.ts'
import { Done, done } from './shapes.ts'

const NamePath = z.object({ name: AccountName })
const Had = Belongings.meta({ id: 'Belongings' })
const Link = z.object({ link: z.string().describe('Works once and for 72 hours; it is told only now.') })

export const accountOperations: readonly Operation[] = [
  operation({
    id: 'me.get',
    method: 'get',
    path: '/me',
    summary: 'Who asks, with what this token may do',
    role: 'viewer',
    answers: z.object({ name: z.string(), role: Role, tenant: z.string() }),
    run: ({ person: { name, role }, store: { tenant } }) => Promise.resolve({ name, role, tenant }),
  }),
  operation({
    id: 'tokens.list',
    method: 'get',
    path: '/tokens',
    summary: 'Your own tokens; they are made in the console',
    role: 'viewer',
    answers: z.object({ items: z.array(ApiToken.meta({ id: 'Token' })) }),
    run: async ({ store, person }) => ({ items: await listTokens(store, person.name) }),
  }),
  operation({
    id: 'tokens.revoke',
    method: 'post',
    path: '/tokens/{id}/revoke',
    summary: 'Ends a token of yours at once',
    role: 'viewer',
    parameters: z.object({ id: z.string().max(64) }),
    answers: Done,
    async run({ store, person }, { path: { id } }) {
      if (!(await revokeToken(store, person.name, id))) throw notFound('This token')
      return done
    },
  }),
  operation({
    id: 'accounts.list',
    method: 'get',
    path: '/accounts',
    summary: 'Who may log in, or once might',
    role: 'admin',
    answers: z.object({ items: z.array(Account.meta({ id: 'Account' })) }),
    run: async ({ store }) => ({ items: await listAccounts(store) }),
  }),
  operation({
    id: 'accounts.add',
    method: 'post',
    path: '/accounts',
    summary: 'Adds a person, who sets a password by the link',
    role: 'admin',
    body: z.object({ name: AccountName, role: Role }),
    answers: Link,
    async run(caller, { body: { name, role } }) {
      const secret = newSecret()
      const by = caller.person.name
      const isNew = await addAccount(caller.store, { name, role, inviteHash: hashSecret(secret), by })
      if (!isNew) throw nameTaken(name)
      return linkOf(caller, secret)
    },
  }),
  operation({
    id: 'accounts.link',
    method: 'post',
    path: '/accounts/{name}/link',
    summary: 'A new one-time link for a person',
    role: 'admin',
    parameters: NamePath,
    answers: Link,
    async run(caller, { path: { name } }) {
      const secret = newSecret()
      const isKnown = await renewInvite(caller.store, name, hashSecret(secret), caller.person.name)
      if (!isKnown) throw unknownAccount()
      return linkOf(caller, secret)
    },
  }),
  operation({
    id: 'accounts.role',
    method: 'post',
    path: '/accounts/{name}/role',
    summary: 'Gives a person another role',
    role: 'admin',
    parameters: NamePath,
    body: z.object({ role: Role }),
    answers: Done,
    async run({ store, person }, { path: { name }, body: { role } }) {
      settle(await changeRole(store, name, role, person.name))
      return done
    },
  }),
  operation({
    id: 'accounts.single-sign-on',
    method: 'post',
    path: '/accounts/{name}/single-sign-on',
    summary: 'Hands an account with a password over to whoever bears its name at the log-in provider',
    role: 'admin',
    parameters: NamePath,
    answers: Done,
    async run({ store, person }, { path: { name } }) {
      if (!(await expectVouched(store, name, person.name))) throw unknownAccount()
      return done
    },
  }),
  operation({
    id: 'accounts.belongings',
    method: 'get',
    path: '/accounts/{name}/belongings',
    summary: 'What hangs on a person: incidents, approvals, silences, lines of the files that name them',
    role: 'admin',
    parameters: NamePath,
    answers: Had,
    run: ({ store, settings }, { path: { name } }) => belongingsOf(store, name, settings),
  }),
  operation({
    id: 'accounts.deactivate',
    method: 'post',
    path: '/accounts/{name}/deactivate',
    summary: 'Ends a person’s access and approvals at once, and tells what they had',
    role: 'admin',
    parameters: NamePath,
    answers: Had,
    async run({ store, settings, person }, { path: { name } }) {
      const had = await deactivatePerson(store, { name, by: person.name }, settings)
      if (typeof had === 'string') throw refusedChange(had)
      return had
    },
  }),
]

function linkOf({ url, store }: Caller, secret: string): z.infer<typeof Link> {
  return { link: `${url}/join/${store.tenant}/${secret}` }
}
