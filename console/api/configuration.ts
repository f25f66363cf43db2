import { z } from 'zod'
import { RemediationTemplate } from '../../scripts/domain/decision.ts'
import { addSilence, endSilence, KeptSilence, listSilences } from '../../scripts/store/silences.ts'
import { Switch, thrownSwitches } from '../../scripts/store/switches.ts'
import { readConfiguration } from '../../scripts/workflow/configuration.ts'
import { Maintenance, maintenanceWindows } from '../../scripts/workflow/maintenance.ts'
import { ModelBudget, modelBudget } from '../../scripts/workflow/model-budget.ts'
import { readSilence } from '../../scripts/workflow/new-silence.ts'
import { releaseSwitch, throwSwitch } from '../../scripts/workflow/switches.ts'
import { Why } from '../incident/steps.ts'
import { notFound, Refusal } from '../refusal.ts'
import { type Operation, operation } from './operation.ts'
import { Done, done } from './shapes.ts'

const ConfigurationFile = z
  .object({
    name: z.string(),
    what: z.string(),
    text: z.string().nullable().describe('Without secrets; null when there is no such file.'),
    fault: z.string().nullable(),
    fault_lines: z.array(z.int()),
  })
  .meta({ id: 'ConfigurationFile' })

const Turn = z.object({ subject: z.union([z.literal('*'), RemediationTemplate]).default('*'), why: Why })

export const configurationOperations: readonly Operation[] = [
  operation({
    id: 'configuration.get',
    method: 'get',
    path: '/configuration',
    summary: 'The team’s files as they are loaded, with their faults',
    role: 'viewer',
    answers: z.object({ items: z.array(ConfigurationFile) }),
    async run({ settings }) {
      const files = await readConfiguration(settings)
      return { items: files.map(({ faultLines, ...file }) => ({ ...file, fault_lines: [...faultLines] })) }
    },
  }),
  operation({
    id: 'switches.list',
    method: 'get',
    path: '/switches',
    summary: 'The kill switch (*) and the switches of templates that are thrown',
    role: 'viewer',
    answers: z.object({ items: z.array(Switch.meta({ id: 'Switch' })) }),
    run: async ({ store }) => ({ items: await thrownSwitches(store) }),
  }),
  operation({
    id: 'switches.throw',
    method: 'post',
    path: '/switches/throw',
    summary: 'Stops every fix (*), or those of a template, at its next step',
    role: 'responder',
    body: Turn,
    answers: Done,
    async run({ store, person: { name: who } }, { body }) {
      await throwSwitch(store, { ...body, who })
      return done
    },
  }),
  operation({
    id: 'switches.release',
    method: 'post',
    path: '/switches/release',
    summary: 'Lets fixes run again; config/policy.yaml has to name you among its admins',
    role: 'responder',
    body: Turn,
    answers: Done,
    async run({ store, settings, person: { name: who } }, { body }) {
      await releaseSwitch(store, { ...body, who }, settings)
      return done
    },
  }),
  operation({
    id: 'budget.get',
    method: 'get',
    path: '/budget',
    summary: 'What the model has used since midnight UTC, and what it may',
    role: 'viewer',
    answers: ModelBudget.meta({ id: 'ModelBudget' }),
    run: ({ store, settings }) => modelBudget(store, settings),
  }),
  operation({
    id: 'silences.list',
    method: 'get',
    path: '/silences',
    summary: 'The silences that may still speak, the latest first',
    role: 'viewer',
    query: z.object({ all: z.stringbool().default(false).describe('With those that are over.') }),
    answers: z.object({ items: z.array(KeptSilence.meta({ id: 'Silence' })) }),
    run: async ({ store }, { query }) => ({ items: await listSilences(store, query) }),
  }),
  operation({
    id: 'silences.add',
    method: 'post',
    path: '/silences',
    summary: 'Silences an asset, a source or labels, once (until) or recurring (cron, minutes)',
    role: 'responder',
    body: z.object({
      why: Why,
      asset: z.string().optional(),
      source: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      from: z.iso.datetime({ offset: true }).optional().describe('Default now.'),
      until: z.iso.datetime({ offset: true }).optional(),
      cron: z.string().optional().describe('Minute, hour, day, month, weekday.'),
      minutes: z.int().optional(),
      zone: z.string().optional().describe('IANA; default UTC.'),
    }),
    answers: z.object({ id: z.string() }),
    async run({ store, person }, { body }) {
      const read = await readSilence(body, new Date())
      if ('silence' in read) return { id: await addSilence(store, { ...read.silence, by: person.name }) }
      const [first] = read.faults
      throw new Refusal(400, `This is no silence: ${first?.field} ${first?.message}.`, 'Correct it.', read.faults)
    },
  }),
  operation({
    id: 'silences.end',
    method: 'post',
    path: '/silences/{id}/end',
    summary: 'Ends a silence; what it kept quiet is looked at within a minute',
    role: 'responder',
    parameters: z.object({ id: z.string().max(64) }),
    answers: Done,
    async run({ store, person }, { path: { id } }) {
      if (!(await endSilence(store, id, person.name))) throw notFound('This silence')
      return done
    },
  }),
  operation({
    id: 'maintenance.list',
    method: 'get',
    path: '/maintenance',
    summary: 'The maintenance windows of the catalogue that are not over, and which are on',
    role: 'viewer',
    answers: z.object({ items: z.array(Maintenance.meta({ id: 'Maintenance' })) }),
    run: async ({ settings }) => ({ items: await maintenanceWindows(settings, new Date()) }),
  }),
]
