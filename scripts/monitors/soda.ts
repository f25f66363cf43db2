import { z } from 'zod'
import type { AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { firstText, type JsonObject, lookUp, objectsIn } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import { parseFitting } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** A check that could not be evaluated says nothing good about its data. */
const outcomes: Record<string, { status: AlertStatus; severity: Severity | null; said: string }> = {
  fail: { status: 'firing', severity: 'HIGH', said: 'failed' },
  error: { status: 'firing', severity: 'MEDIUM', said: 'could not be evaluated' },
  warn: { status: 'firing', severity: 'MEDIUM', said: 'warns' },
  pass: { status: 'resolved', severity: null, said: 'passed' },
}
const incidentStatuses: Record<string, AlertStatus> = { resolved: 'resolved', closed: 'resolved' }

const CheckEvaluation = z.looseObject({ event: z.literal('checkEvaluation'), checkResults: z.array(z.looseObject({})) })
const Incident = z.looseObject({
  event: z.enum(['incidentCreated', 'incidentUpdated', 'incidentResolved']),
  incident: z.looseObject({ title: z.unknown().optional(), checkResults: z.unknown().optional() }),
})
/** `validate` is the test button; the others tell that somebody changed an agreement or a contract. */
const Quiet = z.union([
  z.looseObject({ event: z.literal('validate'), sentAt: z.unknown() }),
  z.looseObject({ event: z.string().startsWith('agreement'), agreement: z.looseObject({}) }),
  z.looseObject({ event: z.string().startsWith('contract'), contract: z.looseObject({}) }),
])

/** Soda Cloud's webhooks: results of checks, and incidents. */
export const soda: Monitor = {
  name: 'soda',
  documentation: 'https://docs.soda.io/reference/webhook-api',

  recognises({ body }) {
    return (
      firstText(body, ['event']) !== null &&
      (parseFitting(CheckEvaluation, body) ?? parseFitting(Incident, body) ?? parseFitting(Quiet, body)) !== undefined
    )
  },

  parse({ body, receivedAt }) {
    const checks = CheckEvaluation.safeParse(body)
    if (checks.success) return checks.data.checkResults.map((one) => buildAlert(readCheck(one), receivedAt))
    if (Quiet.safeParse(body).success) return []
    return [buildAlert(readIncident(readPayload(Incident, body, 'Soda Cloud event')), receivedAt)]
  },
}

function readCheck(result: JsonObject): AlertDraft {
  const outcome = outcomes[firstText(result, ['outcome'])?.toLowerCase() ?? '']
  const status = outcome?.status ?? 'info'
  const definition = firstText(result, ['definition'])
  const name = nameOf(result)
  const asset = readAsset(result)
  const value = firstText(result, ['diagnostics.value'])
  return {
    source: 'soda',
    check: checkOf(result),
    external_id: firstText(result, ['id']),
    status,
    title: `${name}${asset === null ? '' : ` on ${asset.native?.table}`} ${outcome?.said ?? 'was evaluated'}`,
    description: [definition, value === null ? null : `Value: ${value}`].filter((text) => text !== null).join('\n'),
    severity: outcome?.severity ?? null,
    category: categoryOf(`${name} ${definition ?? ''}`),
    asset,
    started_at: firstText(result, ['dataTimestamp']),
    ended_at: status === 'resolved' ? firstText(result, ['dataTimestamp']) : null,
    url: firstText(result, ['sodaCloudUrl']),
    labels: labelsIn(result),
  }
}

/** An incident about a check is the condition of that check; one without is told by its title. */
function readIncident({ event, incident }: z.infer<typeof Incident>): AlertDraft {
  const [result] = objectsIn(incident.checkResults)
  const title = firstText(incident, ['title']) ?? 'Soda incident'
  const told = firstText(incident, ['status'])?.toLowerCase() ?? ''
  const status = event === 'incidentResolved' ? 'resolved' : (lookUp(incidentStatuses, told) ?? 'firing')
  return {
    source: 'soda',
    check: result === undefined ? `incident\n${checkFromTitle(title)}` : checkOf(result),
    external_id: firstText(incident, ['id', 'number']),
    status,
    title,
    description: firstText(incident, ['description']),
    severity: readSeverity(incident.severity),
    category: categoryOf(`${title} ${firstText(result, ['definition']) ?? ''}`),
    asset: result === undefined ? null : readAsset(result),
    started_at: firstText(incident, ['createdTimestamp']),
    ended_at: status === 'resolved' ? firstText(incident, ['resolutionTimestamp', 'lastUpdatedTimestamp']) : null,
    url: firstText(incident, ['sodaCloudUrl']),
    labels: labelsIn(incident),
  }
}

function nameOf(result: JsonObject): string {
  const lines = (firstText(result, ['definition']) ?? '').split('\n').map((line) => line.trim())
  const said = lines.find((line) => line !== '' && !/^checks? for /i.test(line))
  return firstText(result, ['name']) ?? said ?? 'Check'
}

function checkOf(result: JsonObject): string {
  return [
    nameOf(result),
    firstText(result, ['column']) ?? '',
    firstText(result, ['datasets.0.datasource.name']) ?? '',
  ].join('\n')
}

function readAsset(result: JsonObject): Asset | null {
  const table = firstText(result, ['datasets.0.name', 'datasets.0.label'])
  const datasource = firstText(result, ['datasets.0.datasource.name', 'datasets.0.datasource.label'])
  if (table === null) return null
  // The newer datasets are paths: `postgres/orders_db/public/orders`, the data source first.
  const parts = table.split('/')
  const name = parts.length > 2 ? parts.slice(1).join('.') : table
  return assetOf('table', name, { table: name, ...(datasource === null ? {} : { datasource }) })
}

function categoryOf(text: string): AlertDraft['category'] {
  const told = readCategory([text.slice(0, 600)])
  return told === 'freshness' || told === 'volume' || told === 'schema_change' ? told : 'data_quality'
}
