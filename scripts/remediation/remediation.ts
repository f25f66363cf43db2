import { z } from 'zod'
import type { Asset, Category } from '../domain/alert.ts'
import { type Remediation, RemediationParams, type RemediationTemplate } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'

/** Ids that a plan must name. */
export function planOf(...names: readonly (keyof RemediationParams)[]): z.ZodType {
  return z.looseObject(Object.fromEntries(names.map((name) => [name, RemediationParams.shape[name].unwrap()])))
}

export type Settings = Readonly<Record<string, string | undefined>>

/** The state of the thing that a fix touched. */
export type Health =
  | { state: 'well'; detail: string }
  | { state: 'working'; detail: string }
  | { state: 'bad'; detail: string }

/** What a row may use to verify. */
export interface Looking {
  /** The key of the fix that ran; null where it was left to people. */
  key: string | null
  /** When it ran, or was left to people. */
  since: Date
  /** What every configured system knows of an asset now, asked as for an incident. Never throws for what a system does. */
  ask(about: { asset: Asset; category: Category; environment: string | null }): Promise<Evidence[]>
}

/** One row of the catalogue of fixes. Read by one runner; a row never decides whether it may run. */
export interface RemediationRow {
  readonly template: RemediationTemplate
  readonly targetKind: 'dag' | 'table' | 'job' | 'connection' | 'flow'
  readonly settings: readonly string[]
  /** What its plan must hold. Asked before anything leaves: a plan may be of an earlier release. */
  readonly params: z.ZodType
  /** What the allow-list's pattern is matched against: the DAG of `dag_id.task_id`. */
  policyName(remediation: Remediation): string
  /** What nothing else may fix meanwhile, and the system it is in, whose fixes are counted together. */
  touches(remediation: Remediation): { system: string; thing: string }
  /** The native ids for a target, from what a connector read; null when no evidence names it in a bad state. */
  plan(target: string, evidence: readonly Evidence[]): RemediationParams | null
  /** What would run again, in one sentence a person can judge. Changes nothing. */
  dryRun(remediation: Remediation, settings: Settings, signal: AbortSignal): Promise<string>
  /** Whether a call with this key was made before (asked of the target itself). */
  wasDone(remediation: Remediation, key: string, settings: Settings, signal: AbortSignal): Promise<boolean>
  /** Runs it once, marked with the key. @throws AppError E_FIX_REFUSED */
  execute(remediation: Remediation, key: string, settings: Settings, signal: AbortSignal): Promise<string>
  /** Whether the target is truly well again. Changes nothing. */
  verify(remediation: Remediation, settings: Settings, signal: AbortSignal, looking: Looking): Promise<Health>
  /** Takes back what can be taken back of a fix that did not help, in one sentence. Again it changes nothing. */
  undo?(remediation: Remediation, key: string, settings: Settings, signal: AbortSignal): Promise<string>
  /** Whether somebody has done this very thing since, by hand. Only asked where this product has not done it. */
  wasDoneByHand?(remediation: Remediation, since: Date, settings: Settings, signal: AbortSignal): Promise<boolean>
}
