import type { Asset, AssetKind } from '../alert.ts'
import { oneLine } from '../text.ts'
import { isObject, type JsonObject, plainKey, textOf } from './value.ts'

/**
 * What keys call the thing they name, the more telling first: a table says more than the host it is on.
 * Keys are compared without case and punctuation.
 */
const keys: readonly (readonly [AssetKind, string])[] = [
  ['dag', 'dagid dag dagname airflowdag airflowdagid'],
  [
    'table',
    'tablefqn fulltablename fullyqualifiedname tableid tablename table relationname relation dataset datasetname datasetid fqn viewname',
  ],
  ['model', 'modeluniqueid dbtmodel modelname model uniqueid'],
  ['source', 'sourcename sourceid sourcetable'],
  [
    'connector',
    'connectorname connectorid connector connectionname connection connectionid syncname sync integrationname',
  ],
  ['dag', 'pipelinename pipelineid pipelineuuid pipeline'],
  [
    'job',
    'flowname flowid flow workflowtype workflow jobname jobid job deploymentname taskname taskid task definitionname definition',
  ],
  ['dashboard', 'dashboardname dashboardtitle dashboard reportname workbookname workbook'],
  ['service', 'deployment statefulset daemonset podname pod'],
  [
    'host',
    'hostname host nodename node instancename instanceid dbinstanceidentifier instance machine server servername workername worker device computer vm',
  ],
  ['host', 'monitorurl targeturl checkurl testtarget testtargetsdescription'],
  [
    'service',
    'configurationitems affectedservices affectedservice affectedresources affectedresource affectedcomponents involvedobject impactedentities affectedentities impactedentity resourcename resourceid resource entitylabel entityname entity assetname asset target',
  ],
  ['service', 'servicename service appname application applicationname app component container functionname function'],
  [
    'service',
    'warehousename warehouse bucketname topicname queuename objectname object streamname stream topic bucket queue loadbalancer clustername collectionname collection',
  ],
  ['service', 'sitename site resources targets workspacename workspace projectname project cluster namespace'],
]

const kinds = new Map<string, { kind: AssetKind; rank: number }>()
for (const [kind, names] of keys) for (const name of names.split(' ')) kinds.set(name, { kind, rank: kinds.size })

/** Every key that names a thing, the more telling first. */
export const assetKeys: readonly string[] = [...kinds.keys()]

/** The kind that a plain key speaks of and how telling it is (0 is most); null when it names no asset. */
export function assetKeyOf(key: string): { kind: AssetKind; rank: number } | null {
  return kinds.get(key) ?? null
}

/**
 * The canonical name, for matching only: lower case, without quotes around its parts and without blanks at its dots.
 * `PROD."Analytics".Customer_Events` and `prod.analytics.customer_events` are one; a BigQuery `project:dataset.table`
 * is read with dots. Null for what is no name: empty, several lines, or longer than 512.
 */
export function canonicalName(kind: AssetKind, native: string): string | null {
  const name = oneLine(native, 600)
  if (
    name === '' ||
    name.length > 512 ||
    /^(?:unknown|default|null|none|n\/a|undefined|\*)$/i.test(name) ||
    native.trim().includes('\n')
  )
    return null
  const lower = name.toLowerCase()
  if (kind !== 'table') return lower
  const bare = lower.replace(/["'`[\]]/g, '').replace(/\s*\.\s*/g, '.')
  return bare.replace(/^([a-z][a-z\d-]*):(?=[^:/]+\.[^:/]+$)/, '$1.') || null
}

/** The name of the native part that identifies a kind in its own system. */
const nativeKeys: Partial<Record<AssetKind, string>> = { dag: 'dag_id', table: 'table', model: 'unique_id' }

/** Google's names of resources, of tables and of those whose last part a person knows: https://cloud.google.com/apis/design/resource_names */
const googleTable =
  /^(?:\/\/[\w.-]{1,100}\/)?projects\/([^/\s]{1,100})\/datasets\/([^/\s]{1,300})\/tables\/([^/\s]{1,300})$/
const googleResource =
  /^(?:\/\/[\w.-]{1,100}\/)?projects\/[^/\s]{1,100}\/(?:locations|regions|zones)\/[^/\s]{1,100}\/(?:jobs|workflows|pipelines|functions|services|clusters|instances|environments)\/([^/\s]{1,300})$/

/** An asset from the system's own spelling, with the parts that it is known by; null when that is no name. */
export function assetOf(kind: AssetKind, native: string, parts?: Readonly<Record<string, string>>): Asset | null {
  const table = googleTable.exec(native)
  if (table && !parts) return assetOf('table', table.slice(1).join('.'), { table: oneLine(native, 512) })
  const name = canonicalName(kind, googleResource.exec(native)?.[1] ?? native)
  if (name === null) return null
  const known = parts && Object.fromEntries(Object.entries(parts).map(([part, text]) => [part, oneLine(text, 512)]))
  return { kind, name, native: known ?? { [nativeKeys[kind] ?? 'name']: oneLine(native, 512) } }
}

/** A task of a DAG. Airflow's ids keep their spelling, and are never made by splitting a name. */
export function taskAsset(dagId: string, taskId: string): Asset | null {
  return assetOf('task', `${dagId}.${taskId}`, { dag_id: dagId, task_id: taskId })
}

/**
 * The asset that an object names by its keys: DAG and task together, a table with its database and schema, else the
 * most telling key.
 */
export function assetIn(object: JsonObject): Asset | null {
  const texts = new Map<string, string>()
  for (const [key, value] of Object.entries(object).slice(0, 200)) {
    const text = typeof value === 'boolean' || isObject(value) ? null : textOf(value)
    if (text !== null && text.length <= 512) texts.set(plainKey(key), text)
  }
  const dag = texts.get('dagid')
  const task = texts.get('taskid')
  if (dag !== undefined) return task === undefined ? assetOf('dag', dag) : taskAsset(dag, task)
  const table = tableOf(texts)
  if (table) return table
  let best: { kind: AssetKind; rank: number; native: string } | null = null
  for (const [key, native] of texts) {
    const found = kinds.get(key)
    if (found && (best === null || found.rank < best.rank) && canonicalName(found.kind, native) !== null)
      best = { ...found, native }
  }
  return best ? assetOf(best.kind, best.native) : null
}

/** `database`, `schema` and `table` beside each other, joined unless the table is qualified already. */
function tableOf(texts: ReadonlyMap<string, string>): Asset | null {
  const first = (...names: string[]) => names.map((name) => texts.get(name)).find((text) => text !== undefined)
  const table = first('tablefqn', 'fulltablename', 'fullyqualifiedname', 'table', 'tablename', 'relation')
  if (table === undefined) return null
  const database = first('database', 'databasename', 'db', 'catalog', 'projectid')
  const schema = first('schema', 'schemaname', 'datasetname', 'dataset')
  if (schema?.toLowerCase().endsWith(`.${table.toLowerCase()}`)) return assetOf('table', schema)
  const depth = table.split('.').length
  const qualifiers = depth === 1 ? [database, schema] : depth === 2 ? [database] : []
  // A database without its schema would make a name that no other system uses.
  const usable = depth === 1 && schema === undefined ? [] : qualifiers.filter((part) => part !== undefined)
  const native = [...usable, table].join('.')
  return assetOf('table', native)
}

const spoken: readonly (readonly [AssetKind, RegExp])[] = [
  ['table', /\b(?:table|view|dataset|relation)\s+["'`]?((?:[\w$-]{1,100}\.){0,3}[\w$-]{2,100})["'`]?/i],
  ['dag', /\bdag\s+["'`]?([\w.-]{2,250})["'`]?/i],
  ['table', /(?<![\w./@:-])((?:[a-z_][\w$]{0,100}\.){2}[a-z_]\w{0,60}_\w{1,60})(?![\w./:-])/i],
  // A name of a program's making: with a low line, a hyphen or a digit in it.
  ['model', /\bmodel\s+["'`]?((?:[\w$-]{1,100}\.){0,3}\w{1,60}_\w{1,60})["'`]?/i],
  ['connector', /\bconnector\s+["'`]?([\w.]{1,60}[-_][\w.-]{1,100})["'`]?/i],
  ['dag', /\bpipeline\s+["'`]?([\w.]{1,60}[-_][\w.-]{1,100})["'`]?/i],
  ['job', /\b(?:job|workflow|flow)\s+["'`]?([\w.]{1,60}[-_][\w.-]{1,100})["'`]?/i],
  ['table', /\b(?:of|on|in|for|to|from|into)\s+["'`]?([a-z]\w{1,60}\.[a-z]\w{1,60})(?![\w./:@-])/],
  ['service', /\b(?:warehouse|resource monitor)\s+["'`]?([\w.]{0,60}[-_\d][\w.-]{0,100})["'`]?/i],
  ['host', /\b(?:host|node|server|instance|worker|device|machine)\s+["'`]?([\w.-]{0,100}\d[\w.-]{0,100})["'`]?/i],
  ['service', /[“「『]([^”」』\n]{3,80})[”」』]/],
  ['table', /^([a-z]\w{1,60}\.[a-z]\w{0,60}_\w{1,60}):\s/],
  ['host', /\bon ([a-z][\w.]{0,60}-[\w.-]{0,60}\d)(?![\w.:/-])/i],
  [
    'service',
    /\b(?!(?:column|field|value|character|type|key|attribute|parameter|option|module|file|byte|codec|error|user|role|permission|property|named|called|name|is|of|to|the|with|status|state|word|for|in|on|or|and|at|by|as)\b)[a-z]{4,20} ["'`]([^"'`\n]{3,80})["'`]/i,
  ],
]
/** Words behind `table` or `dag` that are no names. */
const noNames = new Set(
  'is was has have had in on of the and or a an failed failing not timeout run runs task tasks scan size row rows count schema lock update'.split(
    ' ',
  ),
)

/** Ends of addresses and of files, which are no tables. */
const elsewhere =
  /^[^.]+\.(?:com|org|net|io|dev|app|local|internal|example|test|py|sql|ya?ml|json|csv|parquet|txt|log|gz|sh|ts|js|md)$/i

/** An asset that a title names in words (`table raw.orders`, `DAG daily_elt`), where no field does. */
export function assetInText(text: string): Asset | null {
  const head = text.slice(0, 400)
  for (const [kind, pattern] of spoken) {
    const name = pattern.exec(head)?.[1]?.replace(/[.-]+$/, '')
    if (name && !noNames.has(name.toLowerCase()) && !(kind === 'table' && elsewhere.test(name)))
      return assetOf(kind, name)
  }
  return null
}
