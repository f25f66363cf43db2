import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { firstText, isObject, type JsonObject, lookUp, objectAt, objectsIn } from '../domain/reading/value.ts'
import { tryParseJson } from '../lib/json.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** Results of tests, and states of ingestion pipelines and of pipelines. */
const statuses: Record<string, AlertStatus> = {
  failed: 'firing',
  aborted: 'firing',
  partialsuccess: 'firing',
  stopped: 'info',
  success: 'resolved',
  successful: 'resolved',
  resolved: 'resolved',
  new: 'firing',
  ack: 'firing',
  assigned: 'firing',
}
/** The fields of a change that tell how something went, and where in them it stands. */
const results = [
  'testCaseResult',
  'testCaseStatus',
  'pipelineStatuses',
  'pipelineStatus',
  'testCaseResolutionStatusType',
]
const resultPaths = ['testCaseStatus', 'pipelineState', 'executionStatus', 'testCaseResolutionStatusType', 'text']

const Body = z.looseObject({
  eventType: z.string().min(1),
  entityType: z.string().min(1),
  entityFullyQualifiedName: z.string().optional().catch(undefined),
  timestamp: z.unknown().optional(),
})
type Body = z.infer<typeof Body>

/** OpenMetadata's change events: tests, pipelines and schemas; what else changes in a catalogue is told, and no alert. */
export const openmetadata: Monitor = {
  name: 'openmetadata',
  documentation: 'https://docs.open-metadata.org/latest/main-concepts/metadata-standard/schemas/type/changeevent',

  recognises({ body }) {
    if (firstText(body, ['entityType']) === null || firstText(body, ['eventType']) === null) return false
    return firstText(body, ['entityFullyQualifiedName', 'entityId']) !== null && Body.safeParse(body).success
  },

  parse({ body, receivedAt }) {
    return [buildAlert(readOne(readPayload(Body, body, 'OpenMetadata change event')), receivedAt)]
  },
}

function readOne(body: Body): AlertDraft {
  const entity = entityOf(body)
  const fqn = body.entityFullyQualifiedName ?? firstText(entity, ['fullyQualifiedName']) ?? ''
  const result = resultOf(body, entity)
  const dropped = changesIn(body, 'fieldsDeleted').filter(({ name }) => `${name}`.startsWith('columns'))
  const isSchema = body.entityType === 'table' && dropped.length > 0
  const status = isSchema
    ? 'firing'
    : result === null
      ? 'info'
      : (lookUp(statuses, result.said.toLowerCase()) ?? 'info')
  const isTest = /^testCase/i.test(body.entityType)
  const name = firstText(entity, ['displayName', 'name']) ?? partsOf(fqn).at(-1)?.replaceAll('"', '') ?? fqn
  const asset = readAsset(body.entityType, fqn, entity)
  const columns = dropped.flatMap(({ oldValue }) => columnNames(oldValue))
  return {
    source: 'openmetadata',
    check: [isSchema ? 'schema' : body.entityType, isTest ? fqn : ''].join('\n'),
    external_id: firstText(body, ['id', 'entityId']),
    status,
    title: isSchema
      ? schemaTitle(asset?.name ?? fqn, columns)
      : titleOf(body, name, asset, result?.said ?? body.eventType),
    description: result?.details ?? firstText(entity, ['description']),
    severity: null,
    category: isSchema
      ? 'schema_change'
      : categoryOf(isTest, result === null, [firstText(entity, ['testDefinition.name']), name]),
    asset,
    started_at: result?.time ?? body.timestamp,
    ended_at: status === 'resolved' ? (result?.time ?? body.timestamp) : null,
    url: firstText(entity, ['href']),
    labels: {
      event_type: body.eventType,
      entity_type: body.entityType,
      entity_fqn: fqn,
      outcome: status === 'resolved' ? 'success' : null,
      user: firstText(body, ['userName']),
    },
  }
}

/** `entity` is an object, or JSON in a string. */
function entityOf(body: Body): JsonObject {
  const { entity } = body
  const parsed = typeof entity === 'string' ? tryParseJson(entity) : entity
  return isObject(parsed) ? parsed : {}
}

function changesIn(body: Body, kind: string): JsonObject[] {
  return objectsIn(objectAt(body, 'changeDescription')[kind])
}

/** What the change says, else what the entity says now where the event is about nothing else. */
function resultOf(body: Body, entity: JsonObject): { said: string; details: string | null; time: unknown } | null {
  const changed = [...changesIn(body, 'fieldsUpdated'), ...changesIn(body, 'fieldsAdded')]
  const change = changed.find(({ name }) => results.includes(`${name}`))
  const value =
    typeof change?.newValue === 'string' ? (tryParseJson(change.newValue) ?? change.newValue) : change?.newValue
  const found = isObject(value) ? value : value === undefined ? null : { text: value }
  const now = objectAt(entity, 'testCaseResult')
  const told = found ?? (changed.length === 0 && Object.keys(now).length > 0 ? now : null)
  const said = told === null ? null : firstText(told, resultPaths)
  return said === null
    ? null
    : { said, details: firstText(told, ['result', 'message', 'error']), time: told?.timestamp }
}

/** What is tested, else the entity itself. A table's name leaves out the service it is in: `db.schema.table`. */
function readAsset(entityType: string, fqn: string, entity: JsonObject): Asset | null {
  if (fqn === '') return null
  if (/^testCase/i.test(entityType)) {
    const linked = /^<#E::table::([^>]{1,1000}?)(?:::columns::[^>]{1,300})?>$/.exec(
      firstText(entity, ['entityLink']) ?? '',
    )
    return tableOf(linked?.[1] ?? partsOf(fqn).slice(0, 4).join('.'))
  }
  if (entityType === 'table') return tableOf(fqn)
  return assetOf(/pipeline/i.test(entityType) ? 'job' : entityType === 'dashboard' ? 'dashboard' : 'service', fqn)
}

function tableOf(fqn: string): Asset | null {
  const [service, ...rest] = partsOf(fqn)
  const name = rest.length >= 3 ? rest.slice(0, 3).join('.').replaceAll('"', '') : fqn
  return assetOf('table', name, { table: name, fqn, ...(service === undefined ? {} : { service }) })
}

/** The parts of a qualified name, still quoted where they hold dots of their own. */
function partsOf(fqn: string): string[] {
  return fqn.slice(0, 3000).match(/"[^"]*"|[^."]+/g) ?? []
}

function columnNames(value: unknown): string[] {
  const parsed = typeof value === 'string' ? tryParseJson(value) : value
  const columns = Array.isArray(parsed) ? objectsIn(parsed) : isObject(parsed) ? [parsed] : []
  return columns.map((column) => firstText(column, ['name'])).filter((name) => name !== null)
}

function schemaTitle(table: string, columns: readonly string[]): string {
  return `Columns were removed from ${table}${columns.length > 0 ? `: ${columns.join(', ')}` : ''}`
}

function titleOf({ entityType }: Body, name: string, asset: Asset | null, said: string): string {
  const subject = /^testCase/i.test(entityType)
    ? `Test ${name}${asset ? ` on ${asset.name}` : ''}`
    : `${entityType} ${name}`
  return `${subject.trim()}: ${said}`
}

function categoryOf(isTest: boolean, isQuiet: boolean, names: readonly (string | null)[]): AlertDraft['category'] {
  if (!isTest) return isQuiet ? 'unknown' : 'pipeline_failure'
  const told = readCategory(names)
  return told === 'freshness' || told === 'volume' ? told : 'data_quality'
}
