import { Hono } from 'hono'
import { z } from 'zod'
import { addSilence, endSilence, listSilences } from '../../scripts/store/silences.ts'
import { thrownSwitches } from '../../scripts/store/switches.ts'
import { readConfiguration } from '../../scripts/workflow/configuration.ts'
import { maintenanceWindows } from '../../scripts/workflow/maintenance.ts'
import { modelBudget } from '../../scripts/workflow/model-budget.ts'
import { readSilence } from '../../scripts/workflow/new-silence.ts'
import { releaseSwitch, throwSwitch } from '../../scripts/workflow/switches.ts'
import { Budget } from '../configuration/budget.tsx'
import { LoadedFile } from '../configuration/file.tsx'
import { KillSwitch } from '../configuration/kill-switch.tsx'
import { MaintenanceWindows } from '../configuration/maintenance.tsx'
import { Silences } from '../configuration/silences.tsx'
import type { ConsoleEnv, Ground } from '../environment.ts'
import { silenceHours } from '../incident/steer.tsx'
import { Why } from '../incident/steps.ts'
import { doneWords } from '../parts/done.ts'
import { Layout } from '../parts/layout.tsx'
import { viewerOf } from '../parts/viewer.ts'
import { notFound, parsed, Refusal } from '../refusal.ts'
import { requireRole } from '../security/session.ts'

const SwitchForm = z.object({
  to: z.enum(['thrown', 'released']),
  why: Why,
})

const Optional = z
  .string()
  .max(512)
  .transform((text) => text.trim() || undefined)
const SilenceForm = z.object({
  why: Why,
  asset: Optional,
  source: Optional,
  hours: z.coerce.number().refine((hours) => silenceHours.some((one) => one === hours), 'is none of those offered'),
})

/** What is in force: kill switch, budget, silences, windows, and the team's files as they are loaded, with faults shown where they are. */
export function configurationPage(ground: Ground): Hono<ConsoleEnv> {
  const pages = new Hono<ConsoleEnv>()

  pages.get('/', async (context) => {
    const viewer = viewerOf(context)
    const store = context.get('store')
    const settings = ground.settings(viewer.tenant)
    // A fault in a file shows at the file; what else there is shows all the same.
    const [switches, silences, files, budget, windows] = await Promise.all([
      thrownSwitches(store),
      listSilences(store),
      readConfiguration(settings),
      modelBudget(store, settings).catch(() => null),
      maintenanceWindows(settings, new Date()).catch(() => null),
    ])
    return context.html(
      <Layout title="Configuration" viewer={viewer} place="/configuration" done={doneWords(context.req.query('done'))}>
        <h1>Configuration</h1>
        <KillSwitch thrown={switches} viewer={viewer} />
        <Budget budget={budget} />
        <Silences silences={silences} viewer={viewer} />
        <MaintenanceWindows windows={windows} />
        {files.length === 0 ? (
          <p class="fault">DIM_CONFIG_DIR is not set: the console does not know where the files are.</p>
        ) : (
          files.map((file) => <LoadedFile file={file} />)
        )}
      </Layout>,
    )
  })

  pages.post('/switch', requireRole('responder'), async (context) => {
    const form = parsed(SwitchForm, await context.req.parseBody())
    const turn = { subject: '*', who: context.get('person').name, why: form.why } as const
    const store = context.get('store')
    if (form.to === 'thrown') await throwSwitch(store, turn)
    else await releaseSwitch(store, turn, ground.settings(store.tenant))
    return context.redirect(`/configuration?done=switch_${form.to}`, 303)
  })

  pages.post('/silence', requireRole('responder'), async (context) => {
    const { hours, ...about } = parsed(SilenceForm, await context.req.parseBody())
    const now = new Date()
    const until = new Date(now.getTime() + hours * 3_600_000).toISOString()
    const read = await readSilence({ ...about, until }, now)
    if ('faults' in read)
      throw new Refusal(400, `This is no silence: ${read.faults[0]?.message}.`, 'Correct it.', read.faults)
    await addSilence(context.get('store'), { ...read.silence, by: context.get('person').name })
    return context.redirect('/configuration?done=silenced', 303)
  })

  pages.post('/end-silence', requireRole('responder'), async (context) => {
    const { id } = await context.req.parseBody()
    if (typeof id !== 'string' || !(await endSilence(context.get('store'), id, context.get('person').name))) {
      throw notFound('This silence')
    }
    return context.redirect('/configuration?done=silence_ended', 303)
  })

  return pages
}
