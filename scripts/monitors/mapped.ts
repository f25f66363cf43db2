import { type MappedField, type MonitorMapping, mappedFields } from '../domain/monitor-mapping.ts'
import { draftByMeaning } from '../domain/reading/alert-by-meaning.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { leavesOf } from '../domain/reading/leaves.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
import { readStatus } from '../domain/reading/status.ts'
import { isObject, type JsonObject, textOf } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import type { JsonPaths } from '../lib/json-path.ts'
import type { Monitor } from './monitor.ts'

/**
 * A monitor that `config/monitors.yaml` teaches. What a path leads to counts; what no path names, or leads to nothing,
 * is read by meaning as for any unknown body. Its alerts are of source `generic`, reported by the mapping's name.
 */
export function mappedMonitor(mapping: MonitorMapping, paths: JsonPaths): Monitor {
  const conditions = Object.entries(mapping.when)
  const isMeant = (body: unknown) =>
    isObject(body) &&
    conditions.every(([path, wanted]) =>
      paths.query(path, body).some((value) => {
        const text = textOf(value)
        return wanted === '*' ? value !== undefined && value !== null : text?.toLowerCase() === wanted.toLowerCase()
      }),
    )
  return {
    name: mapping.name,
    documentation: 'SETUP.md',
    recognises: ({ body }) => (Array.isArray(body) ? body.length > 0 && body.every(isMeant) : isMeant(body)),
    parse: ({ body, receivedAt }) =>
      (Array.isArray(body) ? body : [body]).flatMap((one: unknown) => {
        if (!isObject(one)) return []
        return alertsIn(one, mapping, paths).map((item) => buildAlert(readOne(item, one, mapping, paths), receivedAt))
      }),
  }
}

/** @throws AppError E_PAYLOAD_UNREADABLE naming the path that leads to something else than alerts */
function alertsIn(body: JsonObject, { name, alerts }: MonitorMapping, paths: JsonPaths): JsonObject[] {
  if (alerts === undefined) return [body]
  const found = paths.query(alerts, body)
  const objects = found.filter(isObject)
  if (objects.length === found.length) return objects
  throw new AppError(
    'E_PAYLOAD_UNREADABLE',
    `The mapping ${name} finds something at ${alerts} that is no object.`,
    'Correct `alerts` in config/monitors.yaml: it must lead to the alerts themselves, such as $.items[*].',
  )
}

/** Looks a field up in the alert, then in what the body has in common. */
function fieldReader(paths: JsonPaths, item: JsonObject, body: JsonObject, { fields, common = {} }: MonitorMapping) {
  return (field: MappedField): string | null => {
    const places = [
      [fields[field], item],
      [common[field], body],
    ] as const
    for (const [wanted = [], document] of places) {
      for (const path of [wanted].flat()) {
        const text = paths
          .query(path, document)
          .map(textOf)
          .find((found) => found !== null)
        if (text != null) return text
      }
    }
    return null
  }
}

function readOne(item: JsonObject, body: JsonObject, mapping: MonitorMapping, paths: JsonPaths): AlertDraft {
  const read = fieldReader(paths, item, body, mapping)
  const meant = draftByMeaning({ document: item, leaves: [...leavesOf(item), ...sharedLeaves(item, body)] })
  const [mappedTitle, check, level, category] = [read('title'), read('check'), read('severity'), read('category')]
  const title = mappedTitle ?? meant.title
  const description = read('description') ?? meant.description
  const state = read('status')
  const status = lookUpWord(mapping.statuses, state) ?? readStatus(state) ?? meant.status
  const named = read('asset')
  const says = category !== null || mappedTitle !== null
  return {
    ...meant,
    check: `${mapping.name}\n${check ?? (mappedTitle === null ? meant.check : checkFromTitle(mappedTitle))}`,
    ...(check !== null && { identity: 'check_and_asset' }),
    external_id: read('external_id') ?? meant.external_id ?? null,
    status,
    title,
    description: description ?? null,
    severity: lookUpWord(mapping.severities, level) ?? readSeverity(level) ?? readPriority(level) ?? meant.severity,
    category:
      lookUpWord(mapping.categories, category) ??
      (says ? readCategory([category, title, description]) : meant.category),
    environment: read('environment') ?? meant.environment ?? null,
    asset: named === null ? meant.asset : assetOf(mapping.asset_kind ?? meant.asset?.kind ?? 'service', named),
    started_at: read('started_at') ?? meant.started_at,
    ended_at: status === 'resolved' ? (read('ended_at') ?? meant.ended_at) : null,
    url: read('url') ?? meant.url,
    labels: { reported_source: mapping.name, ...missed(mapping, read), ...meant.labels },
  }
}

/** What the body says beside its alerts: the scalars at its top. */
function sharedLeaves(item: JsonObject, body: JsonObject) {
  if (item === body) return []
  return leavesOf(Object.fromEntries(Object.entries(body).filter(([, value]) => textOf(value) !== null)))
}

/** Names the fields whose paths led nowhere, so that a mapping which no longer fits can be seen. */
function missed(mapping: MonitorMapping, read: (field: MappedField) => string | null) {
  const { ended_at: _, ...asked } = { ...mapping.common, ...mapping.fields }
  const names = Object.keys(asked).filter((name) => isField(name) && read(name) === null)
  return names.length > 0 ? { mapping_missed: names.join(' ') } : {}
}

function lookUpWord<T>(table: Readonly<Record<string, T>> | undefined, value: string | null): T | null {
  if (table === undefined || value === null) return null
  const wanted = value.toLowerCase()
  return Object.entries(table).find(([key]) => key.toLowerCase() === wanted)?.[1] ?? null
}

function isField(name: string): name is MappedField {
  return mappedFields.some((field) => field === name)
}
