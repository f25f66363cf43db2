import { z } from 'zod'
import type { AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { worse } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readChatMessage } from '../domain/reading/chat-message.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
import { at, firstText, isObject, objectsIn, textOf } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** What versions, and those who send a choice of it themselves, call the batch; it stands in `meta` or at the top. */
const batches = ['active_batch_definition', 'batch_definition', 'batch_spec', 'batch_kwargs', 'batch_request', 'batch']
const holders = ['meta', ...batches.map((name) => `meta.${name}`), ...batches]
const inBatch = (...names: string[]) => names.flatMap((name) => [...holders.map((holder) => `${holder}.${name}`), name])
/** Where the name of what was validated stands, the most telling first. */
const assetPaths = inBatch('data_asset_name', 'table_name', 'table', 'asset_name')
const datasourcePaths = inBatch('datasource_name', 'datasource', 'data_source_name')
const suitePaths = ['suite_name', 'meta.expectation_suite_name', 'expectation_suite_name']
const checkpointPaths = ['meta.checkpoint_name', 'checkpoint_name']
const timePaths = ['meta.run_id.run_time', 'meta.validation_time', 'run_id.run_time', 'run_time']
/** An expectation as its result holds it, or as a list of those that failed does. */
const configured = (...names: string[]) => names.flatMap((name) => [`expectation_config.${name}`, name])

const Result = z.looseObject({
  success: z.boolean(),
  meta: z.unknown().optional(),
  results: z.unknown().optional(),
  statistics: z.unknown().optional(),
})
type Result = z.infer<typeof Result>

/** What is known of one suite's validation, wherever it was read. */
interface Validation {
  success: boolean
  suite: string | null
  asset: string | null
  datasource?: string | null
  checkpoint?: string | null
  summary: string
  severity: Severity | null
  time?: unknown
  labels: Record<string, unknown>
}

/** Great Expectations: checkpoint and validation results, and what its Slack, Opsgenie and e-mail actions write. */
export const greatExpectations: Monitor = {
  name: 'great-expectations',
  documentation: 'https://docs.greatexpectations.io/docs/core/trigger_actions_based_on_results/',

  recognises({ body }) {
    return resultsOf(body).length > 0 || fromText(body).length > 0
  },

  parse({ body, receivedAt }) {
    const results = resultsOf(body).map((one) => fromResult(readPayload(Result, one, 'validation result'), body))
    const validations = results.length > 0 ? results : fromText(body)
    return withoutOverruled(validations).map((one) => buildAlert(readOne(one), receivedAt))
  },
}

function readOne(validation: Validation): AlertDraft {
  const { success, suite, datasource, checkpoint, summary, severity, labels } = validation
  const status: AlertStatus = success ? 'resolved' : 'firing'
  const name = validation.asset ?? datasource ?? null
  const what = [checkpoint ?? suite, name].filter((part) => part).join(' on ')
  return {
    source: 'great-expectations',
    check: suite ?? checkpoint ?? '',
    status,
    title: `Validation of ${checkpoint && suite ? `${suite} (${what})` : what} ${success ? 'succeeded' : 'failed'}`,
    description: summary,
    severity,
    category: 'data_quality',
    asset: readAsset(validation),
    started_at: validation.time,
    ended_at: success ? validation.time : null,
    labels: { ...labels, suite, checkpoint, datasource },
  }
}

/** Where a suite met one batch of an asset and failed another, it failed. */
function withoutOverruled(validations: readonly Validation[]): Validation[] {
  const identity = ({ suite, asset, datasource }: Validation) => JSON.stringify([suite, asset, datasource])
  const failed = new Set(validations.filter(({ success }) => !success).map(identity))
  return validations.filter((one) => !one.success || !failed.has(identity(one)))
}

/** A data asset is a table or a file of rows; where none is named, its source, else the suite, stands for it. */
function readAsset({ asset, datasource, suite }: Validation): Asset | null {
  if (asset !== null) return assetOf('table', asset, { table: asset, ...(datasource ? { datasource } : {}) })
  return datasource ? assetOf('source', datasource) : suite === null ? null : assetOf('service', suite)
}

/** Results under their identifiers (`run_results`), in a list, or one by itself. */
function resultsOf(body: unknown): unknown[] {
  const runs = at(body, 'run_results')
  const listed = isObject(runs) ? Object.values(runs) : objectsIn(at(body, 'validation_results'))
  const found = listed.length > 0 ? listed : [body]
  return found
    .map((one) => (isObject(at(one, 'validation_result')) ? at(one, 'validation_result') : one))
    .filter((one) => typeof at(one, 'statistics.evaluated_expectations') === 'number' && Result.safeParse(one).success)
}

/** One result; `whole` is the checkpoint's, which names what its results have in common. */
function fromResult(result: Result, whole: unknown): Validation {
  const failed = [
    ...objectsIn(result.results).filter((one) => one.success === false),
    ...objectsIn(result.failed_expectations),
  ]
  const told = failed.slice(0, 50).map((one) => {
    const type = firstText(one, configured('type', 'expectation_type')) ?? 'expectation'
    const column = firstText(one, configured('kwargs.column'))
    const seen = firstText(one, [
      'result.observed_value',
      'result.unexpected_count',
      'observed_value',
      'unexpected_count',
    ])
    return `${type}${column === null ? '' : ` of ${column}`} failed${seen === null ? '' : ` with ${seen}`}`
  })
  const met = firstText(result, ['statistics.successful_expectations'])
  const severities = failed.map((one) => readSeverity(at(one, 'expectation_config.severity')))
  return {
    success: result.success,
    suite: firstText(result, suitePaths),
    asset: firstText(result, assetPaths),
    datasource: firstText(result, datasourcePaths),
    checkpoint: firstText(result, checkpointPaths) ?? firstText(whole, checkpointPaths),
    summary: [`${met ?? '0'} of ${firstText(result, ['statistics.evaluated_expectations'])} were met.`, ...told].join(
      '\n',
    ),
    severity: severities.reduce((worst, one) => (worst && one ? worse(worst, one) : (worst ?? one)), null),
    time: firstText(result, timePaths) ?? firstText(whole, timePaths),
    labels: { url: firstText(result, ['result_url', 'meta.result_url']) },
  }
}

/**
 * The texts of the actions: blocks of `Asset: … Expectation Suite: …` under a header `name - checkpoint - Failure`, and
 * paragraphs of `Batch Validation Status: …` with the names below. While one batch fails, only what fails is told.
 */
function fromText(body: unknown): Validation[] {
  const message = readChatMessage(body)
  const text = [...(message?.texts ?? []), firstText(body, ['description', 'body', 'content']) ?? ''].join('\n\n')
  if (!/Expectation Suite/i.test(text.slice(0, 20_000))) return []
  const plain = text.slice(0, 20_000).replace(/[*`]/g, '')
  const severity = readSeverity(at(body, 'priority')) ?? readPriority(at(body, 'priority'))
  const batches = plain.split(/(?=Batch Validation Status\s*:)/i).slice(1)
  const header = / - (.{1,200}) - (Success|Failure)/i.exec(message?.title ?? '')
  const shared = { severity, summary: plain, checkpoint: line(plain, 'Checkpoint') ?? header?.[1] ?? null, labels: {} }
  const found =
    batches.length > 0
      ? batches.map((batch) => ({ success: /^[^:]{0,40}:\s*Success/i.test(batch), batch }))
      : [{ success: header?.[2]?.toLowerCase() === 'success', batch: plain }]
  const validations = found.map(({ success, batch }) => ({
    ...shared,
    success,
    suite: line(batch, 'Expectation Suite(?: Name)?'),
    asset: line(batch, '(?:Data )?Asset(?: Name)?'),
    time: line(plain, 'Run ?time') ?? line(batch, 'Run time'),
  }))
  const failing = validations.filter(({ success }) => !success)
  return failing.length > 0 ? failing : validations
}

/** The value behind a name, up to the line's end or the next name; `__no_data_asset_name__` is none. */
function line(text: string, name: string): string | null {
  const value = new RegExp(`(?:^|[\\s|])${name}\\s{0,4}:[ \\t]{0,4}(.{1,300}?)(?=\\n| {2,}|$| - )`, 'i').exec(text)?.[1]
  return value === undefined || /^__no_\w+__$/.test(value.trim()) ? null : textOf(value)
}
