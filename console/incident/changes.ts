import type { Hono } from 'hono'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { incidentPath } from '../parts/links.tsx'
import { notFound, Refusal } from '../refusal.ts'
import { requireRole } from '../security/session.ts'
import { steps } from './steps.ts'

/** Everything that a person changes on an incident's page: by POST, with the form's token, in the audit with who. */
export function addChanges(pages: Hono<ConsoleEnv>, { settings }: Pick<Ground, 'settings'>): void {
  for (const step of steps) {
    pages.post(`/:id/${step.name}`, requireRole('responder'), async (context) => {
      const id = incidentId(context)
      const store = context.get('store')
      const asked = { store, settings: settings(store.tenant), id, who: context.get('person').name }
      const isDone = await step.run(asked, await context.req.parseBody())
      if (!isDone) throw new Refusal(409, 'It can’t be done as things are now.', step.hint)
      return context.redirect(`${incidentPath(id)}?done=${step.done}`, 303)
    })
  }
}

/** The incident that is meant. @throws Refusal 404 for what can be no incident's id */
export function incidentId(context: ConsoleContext): string {
  const id = context.req.param('id') ?? ''
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound('This incident')
  return id
}
