import { z } from 'zod'
import { Mode, RemediationTemplate } from './decision.ts'
import { FlowFix } from './flow-fix.ts'
import { sourcePlaceKeys } from './instance.ts'
import { defaultModelTerms, ModelTerms } from './model-terms.ts'
import { quietKeys, sourceQuietKeys } from './quiet-rules.ts'

/** `template:kind=pattern`, `*` as wildcard: `airflow_clear_task:dag=daily_*`. */
export const AllowEntry = z
  .string()
  .max(300)
  .regex(
    /^[a-z_]+:(dag|table|job|connection|flow)=[^\s]+$/,
    'must read template:kind=pattern, such as airflow_clear_task:dag=daily_*',
  )
  .refine((entry) => RemediationTemplate.safeParse(entry.slice(0, entry.indexOf(':'))).success, 'unknown template')

/** A person by the name of their log-in, or `kestra-ui`: whoever may start flows in Kestra by hand. */
const person = z.string().trim().min(1).max(200)

/** An entry with conditions. */
export const AllowRule = z.strictObject({
  fix: AllowEntry,
  /** Only there; an incident whose environment nobody names counts as `production`. */
  environments: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
  min_confidence: z.number().min(0).max(1).optional(),
  /** One of them has to approve each run. */
  approvers: z.array(person).min(1).max(50).optional(),
  /** An approval that nobody gives in this time counts as refused. */
  within_minutes: z.int().min(1).max(1440).optional(),
})
export type AllowRule = z.infer<typeof AllowRule>

const Allowed = z.union([AllowEntry, AllowRule])

const rules = {
  /** `observe`: decide and record; `notify`: tell people, keep a dismissal as `would_dismiss`, fix nothing; `act`. */
  mode: Mode.optional(),
  auto_fix: z.boolean().optional(),
  allow: z.array(Allowed).max(500).optional(),
  freeze: z.boolean().optional(),
  /** `never`: nothing of its incidents is sent to a model; rules decide. */
  llm: z.enum(['allowed', 'never']).optional(),
}

/** How sure a fix or a dismissal has to be, where it is stricter than `min_confidence`; a key left out means any. */
export const Threshold = z.strictObject({
  template: z.union([RemediationTemplate, z.literal('dismiss')]).optional(),
  tier: z.int().min(1).max(4).optional(),
  environment: z.enum(['production', 'other']).optional(),
  min_confidence: z.number().min(0).max(1),
})
export type Threshold = z.infer<typeof Threshold>
const Limit = z.strictObject({ count: z.int().min(0), hours: z.number().positive().max(8760) })

const Freeze = z
  .strictObject({
    name: z.string().min(1).max(200),
    from: z.iso.datetime({ offset: true }),
    until: z.iso.datetime({ offset: true }),
  })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), 'ends before it begins')

/** What a team lets the product do: `config/policy.yaml`. Nothing is fixed that is not allowed here. */
export const PolicyFile = z.strictObject({
  ...rules,
  ...quietKeys,
  min_confidence: z.number().min(0).max(1).optional(),
  thresholds: z.array(Threshold).max(200).optional(),
  max_fixes_per_target: Limit.optional(),
  max_fixes_per_system: Limit.optional(),
  max_fixes: Limit.optional(),
  /** Times in which nothing is fixed. */
  freezes: z.array(Freeze).max(100).optional(),
  /** Per source: `alertmanager`, `plain/datadog`. */
  sources: z.record(z.string(), z.strictObject({ ...rules, ...sourceQuietKeys, ...sourcePlaceKeys })).optional(),
  /** Assets that are never fixed, by name, `*` as wildcard. */
  protected: z.array(z.string().max(300)).optional(),
  /** Assets of which nothing is sent to a model, by name, `*` as wildcard. */
  llm_never: z.array(z.string().max(300)).optional(),
  /** Kestra flows of the team's own that may be run as fixes; `allow` says by `run_flow:flow=NAME` which are. */
  flows: z
    .array(FlowFix)
    .max(100)
    .refine((flows) => new Set(flows.map(({ name }) => name)).size === flows.length, 'two flows have one name')
    .optional(),
  /** Who may release the kill switch, and turn a template on again. */
  admins: z.array(person).max(50).optional(),
  model: ModelTerms.optional(),
})
export type PolicyFile = z.infer<typeof PolicyFile>

/** The policy in force for one incident. */
export const Policy = z.object({
  mode: Mode,
  auto_fix: z.boolean(),
  allow: z.array(Allowed),
  freeze: z.boolean(),
  freezes: z.array(Freeze).optional(),
  min_confidence: z.number(),
  thresholds: z.array(Threshold),
  max_fixes_per_target: z.object({ count: z.number(), hours: z.number() }),
  max_fixes_per_system: z.object({ count: z.number(), hours: z.number() }).optional(),
  max_fixes: z.object({ count: z.number(), hours: z.number() }).optional(),
  protected: z.array(z.string()),
  flows: z.array(FlowFix).optional(),
  llm: z.enum(['allowed', 'never']),
  llm_never: z.array(z.string()),
  model: ModelTerms,
})
export type Policy = z.infer<typeof Policy>

/** The policy for a source: its own keys, else the file's, else the careful defaults: tell people, fix nothing. */
export function policyFor(file: PolicyFile, source: string): Policy {
  const own = file.sources?.[source] ?? {}
  return {
    mode: own.mode ?? file.mode ?? 'notify',
    auto_fix: own.auto_fix ?? file.auto_fix ?? false,
    allow: own.allow ?? file.allow ?? [],
    freeze: own.freeze ?? file.freeze ?? false,
    freezes: file.freezes ?? [],
    min_confidence: file.min_confidence ?? 0.8,
    thresholds: file.thresholds ?? [],
    max_fixes_per_target: file.max_fixes_per_target ?? { count: 2, hours: 24 },
    ...(file.max_fixes_per_system ? { max_fixes_per_system: file.max_fixes_per_system } : {}),
    ...(file.max_fixes ? { max_fixes: file.max_fixes } : {}),
    protected: file.protected ?? [],
    flows: file.flows ?? [],
    llm: own.llm ?? file.llm ?? 'allowed',
    llm_never: file.llm_never ?? [],
    model: file.model ?? defaultModelTerms,
  }
}

/** How often may be fixed, with the careful defaults. */
export function fixLimits({ max_fixes_per_target, max_fixes_per_system, max_fixes }: Policy) {
  return {
    target: max_fixes_per_target,
    system: max_fixes_per_system ?? { count: 10, hours: 1 },
    tenant: max_fixes ?? { count: 50, hours: 24 },
  }
}
export type FixLimits = ReturnType<typeof fixLimits>
