import type { Hono } from 'hono'
import { z } from 'zod'
import { Verdict } from '../../scripts/domain/feedback.ts'
import { plainText } from '../../scripts/domain/text.ts'
import { giveFeedback } from '../../scripts/store/feedback.ts'
import { closeIncident, loadIncident, lockIncident } from '../../scripts/store/incidents.ts'
import { addSilence } from '../../scripts/store/silences.ts'
import { analyseAgain } from '../../scripts/store/steering.ts'
import { acknowledgeIncident, giveBackIncident } from '../../scripts/workflow/acknowledge.ts'
import { approve, refuse } from '../../scripts/workflow/approval.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { incidentPath } from '../parts/links.tsx'
import { notFound, Refusal } from '../refusal.ts'
import { requireRole } from '../security/session.ts'
import { silenceHours } from './steer.tsx'

const Text = z
  .string()
  .default('')
  .transform((text) => plainText(text, 500))
const Why = z.object({ why: Text.refine((text) => text.length >= 3, 'say in a few words why') })
const FeedbackForm = z.object({ verdict: Verdict, note: Text })
const SilenceForm = Why.extend({
  hours: z.coerce.number().refine((hours) => silenceHours.some((one) => one === hours)),
})

/** Everything that a person changes on an incident's page: by POST, with the form's token, in the audit with who. */
export function addChanges(pages: Hono<ConsoleEnv>, { settings }: Pick<Ground, 'settings'>): void {
  const mayAct = requireRole('responder')

  pages.post('/:id/acknowledge', mayAct, async (context) => {
    const { id, who } = asked(context)
    const isTaken = await acknowledgeIncident(context.get('store'), id, who)
    return answer(context, isTaken, 'acknowledged', 'It may be over, or be yours already.')
  })

  pages.post('/:id/give-back', mayAct, async (context) => {
    const { id, who } = asked(context)
    const isBack = await giveBackIncident(context.get('store'), id, who)
    return answer(context, isBack, 'given_back', 'It may be over, or have been decided anew.')
  })

  // Policy names who may approve what; a name that it does not know is refused there.
  pages.post('/:id/approve', mayAct, async (context) => {
    const { id, who } = asked(context)
    const store = context.get('store')
    await approve(store, { incident: id, who }, settings(store.tenant))
    return answer(context, true, 'approved', '')
  })

  pages.post('/:id/refuse', mayAct, async (context) => {
    const { id, who } = asked(context)
    const { why } = await read(context, Why)
    const store = context.get('store')
    await refuse(store, { incident: id, who, why }, settings(store.tenant))
    return answer(context, true, 'refused', '')
  })

  pages.post('/:id/feedback', mayAct, async (context) => {
    const { id, who } = asked(context)
    const { verdict, note } = await read(context, FeedbackForm)
    await giveFeedback(context.get('store'), { incident: id, verdict, note, who })
    return answer(context, true, 'feedback', '')
  })

  pages.post('/:id/silence', mayAct, async (context) => {
    const { id, who } = asked(context)
    const { why, hours } = await read(context, SilenceForm)
    const store = context.get('store')
    const { incident } = await loadIncident(store, id)
    if (!incident.asset)
      throw new Refusal(409, 'It names no asset to silence.', 'Silence its source by npm run silence.')
    const until = new Date(Date.now() + hours * 3_600_000)
    await addSilence(store, { name: why, asset: incident.asset.name, until, recurring: null, by: who })
    return answer(context, true, 'silenced', '')
  })

  pages.post('/:id/again', mayAct, async (context) => {
    const { id, who } = asked(context)
    const { why } = await read(context, Why)
    const isAgain = await analyseAgain(context.get('store'), id, who, why)
    return answer(context, isAgain, 'again', 'It may be over, be analysed just now, or be under a fix.')
  })

  pages.post('/:id/resolve', mayAct, async (context) => {
    const { id, who } = asked(context)
    const { why } = await read(context, Why)
    const isClosed = await context.get('store').transaction(async (query) => {
      await lockIncident(query, id)
      return closeIncident(query, id, 'manual', { who, why })
    })
    return answer(context, isClosed, 'resolved', 'It may be over, or a fix may be under way.')
  })
}

/** The incident that is meant, and who asks. @throws Refusal 404 for what can be no incident's id. */
function asked(context: ConsoleContext): { id: string; who: string } {
  return { id: incidentId(context), who: context.get('person').name }
}

export function incidentId(context: ConsoleContext): string {
  const id = context.req.param('id') ?? ''
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound('This incident')
  return id
}

async function read<T>(context: ConsoleContext, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await context.req.parseBody())
  if (parsed.success) return parsed.data
  throw new Refusal(400, 'The form is not complete.', 'Go back, fill in every field, and send it again.')
}

function answer(context: ConsoleContext, isDone: boolean, done: string, hint: string) {
  if (!isDone) throw new Refusal(409, 'It can’t be done as things are now.', hint)
  return context.redirect(`${incidentPath(incidentId(context))}?done=${done}`, 303)
}
