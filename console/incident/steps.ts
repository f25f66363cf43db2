import { z } from 'zod'
import { Verdict } from '../../scripts/domain/feedback.ts'
import { plainText } from '../../scripts/domain/text.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { closeIncident, loadIncident, lockIncident } from '../../scripts/store/incidents.ts'
import { addSilence } from '../../scripts/store/silences.ts'
import { analyseAgain } from '../../scripts/store/steering.ts'
import { acknowledgeIncident, giveBackIncident } from '../../scripts/workflow/acknowledge.ts'
import { approve, refuse } from '../../scripts/workflow/approval.ts'
import { sayAbout } from '../../scripts/workflow/feedback.ts'
import { parsed, Refusal } from '../refusal.ts'

/** Which incident, who acts on it, and with what. */
export interface Asked {
  store: Store
  settings: Settings
  id: string
  who: string
}

/** Something that a person does to an incident, by its page or by the API; for responders. */
export interface Step {
  /** The last part of its path, and the form's name. */
  name: string
  summary: string
  input: z.ZodObject
  /** What the page says afterwards: a key of its words. */
  done: string
  /** Why it may not have been possible. */
  hint: string
  /**
   * Does it with an input as it came. False, and nothing done, when it is not possible as things are.
   * @throws Refusal, AppError E_INCIDENT_UNKNOWN, E_APPROVAL_REFUSED
   */
  run(asked: Asked, input: unknown): Promise<boolean>
}

const Note = z
  .string()
  .default('')
  .transform((text) => plainText(text, 500))

/** A reason that others will read. */
export const Why = z
  .string()
  .trim()
  .min(3, 'say in a few words why')
  .transform((text) => plainText(text, 500))
  .refine((text) => text.length >= 3, 'say in a few words why')

const nothing = z.object({})

export const steps: readonly Step[] = [
  step({
    name: 'acknowledge',
    summary: 'Takes it on: reminders and escalation end',
    input: nothing,
    done: 'acknowledged',
    hint: 'It may be over, or be yours already.',
    run: ({ store, id, who }) => acknowledgeIncident(store, id, who),
  }),
  step({
    name: 'give-back',
    summary: 'Gives it back: reminders and escalation go on',
    input: nothing,
    done: 'given_back',
    hint: 'It may be over, or have been decided anew.',
    run: ({ store, id, who }) => giveBackIncident(store, id, who),
  }),
  // Policy names who may approve what; a name that it does not know is refused there.
  step({
    name: 'approve',
    summary: 'Approves the fix that waits; config/policy.yaml has to name you as its approver',
    input: nothing,
    done: 'approved',
    hint: '',
    run: async ({ store, settings, id, who }) => {
      await approve(store, { incident: id, who }, settings)
      return true
    },
  }),
  step({
    name: 'refuse',
    summary: 'Refuses the fix that waits: the incident is people’s then',
    input: z.object({ why: Why }),
    done: 'refused',
    hint: '',
    run: async ({ store, settings, id, who }, { why }) => {
      await refuse(store, { incident: id, who, why }, settings)
      return true
    },
  }),
  step({
    name: 'feedback',
    summary:
      'Says whether the decision was right; `was_real` opens what was kept quiet again; a person’s last word counts',
    input: z.object({ verdict: Verdict, note: Note, should_be: Note }),
    done: 'feedback',
    hint: '',
    run: async ({ store, settings, id, who }, { verdict, note, should_be }) => {
      const shouldBe = verdict === 'wrong_cause' ? should_be : ''
      await sayAbout(store, { incident: id, verdict, note, shouldBe, who }, settings)
      return true
    },
  }),
  step({
    name: 'silence',
    summary: 'Silences its asset for some hours, 72 at most',
    input: z.object({ why: Why, hours: z.coerce.number<string | number>().int().min(1).max(72) }),
    done: 'silenced',
    hint: '',
    run: async ({ store, id, who }, { why, hours }) => {
      const { incident } = await loadIncident(store, id)
      if (!incident.asset)
        throw new Refusal(409, 'It names no asset to silence.', 'Silence its source by npm run silence.')
      const until = new Date(Date.now() + hours * 3_600_000)
      await addSilence(store, { name: why, asset: incident.asset.name, until, recurring: null, by: who })
      return true
    },
  }),
  step({
    name: 'again',
    summary: 'Analyses it again, from fresh evidence, within a minute',
    input: z.object({ why: Why }),
    done: 'again',
    hint: 'It may be over, be analysed just now, or be under a fix.',
    run: ({ store, id, who }, { why }) => analyseAgain(store, id, who, why),
  }),
  step({
    name: 'resolve',
    summary: 'Resolves it by hand, with a reason',
    input: z.object({ why: Why }),
    done: 'resolved',
    hint: 'It may be over, or a fix may be under way.',
    run: ({ store, id, who }, { why }) =>
      store.transaction(async (query) => {
        await lockIncident(query, id)
        return closeIncident(query, id, 'manual', { who, why })
      }),
  }),
]

function step<S extends z.ZodObject>(
  definition: Omit<Step, 'input' | 'run'> & { input: S; run(asked: Asked, input: z.output<S>): Promise<boolean> },
): Step {
  const { input, run } = definition
  return { ...definition, run: (asked, given) => run(asked, parsed(input, given)) }
}
