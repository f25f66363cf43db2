import type { Remediation } from './decision.ts'
import { type Evidence, ofKind } from './evidence.ts'
import { flowNameIn } from './flow-fix.ts'
import { matchesPattern } from './pattern.ts'
import type { AllowRule, Policy } from './policy.ts'

/** Where an incident counts as being when nobody says so: the place where most can be broken. */
const unnamedEnvironment = 'production'

/** The first entry of the allow-list that covers a fix, by the name that policy knows its target by; null when none does. */
export function allowRuleFor(
  policy: Policy,
  template: Remediation['template'],
  name: string,
  environment: string | null,
): AllowRule | null {
  const place = (environment ?? unnamedEnvironment).toLowerCase()
  for (const entry of policy.allow) {
    const rule: AllowRule = typeof entry === 'string' ? { fix: entry } : entry
    const [, allowed, pattern] = /^([a-z_]+):[a-z]+=(.+)$/.exec(rule.fix) ?? []
    if (allowed !== template || pattern === undefined || !matchesPattern(pattern, name)) continue
    if (rule.environments && !rule.environments.some((one) => one.toLowerCase() === place)) continue
    return rule
  }
  return null
}

/**
 * The environment that the team's own catalogue names, null when it names none or several. What an alert claims does not
 * count here: whoever holds the webhook key could call production a playground.
 */
export function environmentIn(evidence: readonly Evidence[]): string | null {
  const named = ofKind(evidence, 'catalog_entry').flatMap(({ source, data }) =>
    source === 'catalog' && !data.below && data.environment ? [data.environment.toLowerCase()] : [],
  )
  return new Set(named).size === 1 ? (named[0] ?? null) : null
}

/** Why nothing may be fixed now, whatever it is; null when nothing stands against it. */
export function freezeIn(policy: Policy, now: Date): string | null {
  if (policy.freeze) return 'A freeze is in force: nothing is changed.'
  const time = now.getTime()
  const freeze = policy.freezes?.find(({ from, until }) => Date.parse(from) <= time && time < Date.parse(until))
  return freeze ? `The freeze “${freeze.name}” is in force until ${freeze.until}: nothing is changed.` : null
}

/**
 * Why a fix that was decided may not run now, or null: between decision and run, policy may have been made stricter.
 * `names`: the one that the allow-list speaks of first, then every other name that may be protected.
 */
export function objectionTo(
  { template, target, params }: Remediation,
  names: readonly [string, ...string[]],
  environment: string | null,
  policy: Policy,
  now: Date,
): string | null {
  if (policy.mode !== 'act' || !policy.auto_fix) return 'Fixing is switched off for this source.'
  if (!allowRuleFor(policy, template, names[0], environment))
    return `Policy does not allow ${template} for this target.`
  const flow = template === 'run_flow' ? policy.flows?.find(({ name }) => name === flowNameIn(target)) : null
  if (template === 'run_flow' && flow?.flow !== params.flow) return `Policy names no flow ${params.flow} for this fix.`
  const pattern = policy.protected.find((one) => names.some((name) => matchesPattern(one, name)))
  if (pattern) return `Policy protects ${pattern}.`
  return freezeIn(policy, now)
}
