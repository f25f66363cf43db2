import { z } from 'zod'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

type Cell = string | number | null

/** What a statement is answered: rows by their columns' names, or Snowflake's own code of an error. With `type` the cells are of that, as they are. */
export type Result =
  | { rows: readonly Readonly<Record<string, Cell>>[]; type?: string }
  | { code: string; message: string }

/** A statement as it came. */
export interface Asked {
  text: string
  values: string[]
  parameters: Record<string, unknown>
}

export interface SnowflakeStandIn extends StandIn {
  settings: Record<string, string>
  /** Every statement, oldest first. */
  readonly asked: readonly Asked[]
  /** Answers statements that look like this from now on; the latest counts. */
  answer(shape: RegExp, result: Result | ((asked: Asked) => Result)): void
}

const Login = z.looseObject({
  data: z.looseObject({
    LOGIN_NAME: z.string().optional(),
    PASSWORD: z.string().optional(),
    AUTHENTICATOR: z.string().optional(),
    TOKEN: z.string().optional(),
  }),
})
const Query = z.looseObject({
  sqlText: z.string(),
  bindings: z.record(z.string(), z.looseObject({ value: z.string() })).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
})

/** Columns that are no text, as Snowflake types them. */
const types: Readonly<Record<string, string>> = {
  rows: 'fixed',
  bytes: 'fixed',
  row_count: 'fixed',
  running: 'fixed',
  queued: 'fixed',
  auto_suspend: 'fixed',
  statements: 'fixed',
  users: 'fixed',
  created_on: 'timestamp_ltz',
  last_altered: 'timestamp_ltz',
  start_time: 'timestamp_ltz',
  transaction_started_on: 'timestamp_ltz',
}

const password = 'stand-in-password'

/** Speaks the protocol of Snowflake's drivers: log-in, statements with rows in JSON, errors by their codes. */
export async function startSnowflake(): Promise<SnowflakeStandIn> {
  const asked: Asked[] = []
  const answers: [RegExp, Result | ((asked: Asked) => Result)][] = []

  const server = await startStandIn((request: Received): Answer => {
    if (request.path === '/session/v1/login-request') return logIn(request)
    if (request.path !== '/queries/v1/query-request') return json({ success: true, data: {} })
    const { sqlText: text, bindings = {}, parameters = {} } = Query.parse(JSON.parse(request.body))
    const statement = { text, values: Object.values(bindings).map(({ value }) => value), parameters }
    asked.push(statement)
    const found = answers.findLast(([shape]) => shape.test(text))?.[1]
    return results(typeof found === 'function' ? found(statement) : (found ?? unknownStatement))
  })

  return Object.assign(server, {
    settings: {
      SNOWFLAKE_ACCOUNT: server.url,
      SNOWFLAKE_USERNAME: 'incident_reader',
      SNOWFLAKE_PASSWORD: password,
      SNOWFLAKE_WAREHOUSE: 'ASKING',
      SNOWFLAKE_DATABASE: 'PROD',
    },
    asked,
    answer: (shape: RegExp, result: Result | ((asked: Asked) => Result)) => void answers.push([shape, result]),
  })
}

const unknownStatement = {
  code: '002003',
  message: "SQL compilation error: Object 'X' does not exist or not authorized.",
}

function logIn({ body }: Received): Answer {
  const { data } = Login.parse(JSON.parse(body))
  if (data.AUTHENTICATOR === 'OAUTH' && data.TOKEN !== 'good-token') {
    return json({ success: false, code: '390303', message: `Invalid OAuth access token ${data.TOKEN}.`, data: {} })
  }
  if (data.AUTHENTICATOR === 'SNOWFLAKE' && data.PASSWORD !== password) {
    return json({
      success: false,
      code: '390100',
      message: `Incorrect username or password: ${data.PASSWORD}`,
      data: {},
    })
  }
  return json({
    success: true,
    data: { token: 'session-token', masterToken: 'master-token', sessionId: 7, parameters: [], sessionInfo: {} },
  })
}

function results(result: Result): Answer {
  if ('code' in result) {
    const { code, message } = result
    return json({ success: false, code, message, data: { errorCode: code, sqlState: '42S02' } })
  }
  const names = Object.keys(result.rows[0] ?? {})
  return json({
    success: true,
    data: {
      parameters: [],
      rowtype: names.map((name) => ({
        name,
        type: result.type ?? types[name.toLowerCase()] ?? 'text',
        nullable: true,
        precision: 38,
        scale: 0,
        length: 1000,
      })),
      rowset: result.rows.map((row) => names.map((name) => asText(row[name] ?? null, result.type ? '' : name))),
      returned: result.rows.length,
      total: result.rows.length,
      queryId: '01b2c3d4-0000-0000-0000-000000000000',
      queryResultFormat: 'json',
      statementTypeId: 4096,
    },
  })
}

/** Times travel as seconds. */
function asText(value: Cell, name: string): string | null {
  if (value === null) return null
  return types[name.toLowerCase()] === 'timestamp_ltz' ? (Date.parse(String(value)) / 1000).toFixed(9) : String(value)
}

function json(body: unknown): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

/** What `answer` needs for one table that is well, its warehouse running, and nothing in the history. */
export function answerTable(
  standIn: Pick<SnowflakeStandIn, 'answer'>,
  table: {
    database?: string
    schema?: string
    name?: string
    rows?: number
    altered?: string
    columns?: Record<string, string>
  },
): void {
  const {
    database = 'PROD',
    schema = 'FINANCE',
    name = 'FCT_REVENUE',
    rows = 10,
    altered = '2026-11-26T06:00:00Z',
  } = table
  const columns = table.columns ?? { ID: 'FIXED', AMOUNT: 'FIXED' }
  standIn.answer(/^show warehouses/, { rows: [warehouse({})] })
  standIn.answer(/^show objects/, {
    rows: [
      {
        created_on: '2026-01-01T00:00:00Z',
        name,
        database_name: database,
        schema_name: schema,
        kind: 'TABLE',
        rows,
        bytes: rows * 100,
      },
    ],
  })
  standIn.answer(/^show columns/, {
    rows: Object.entries(columns).map(([column, type]) => ({
      table_name: name,
      column_name: column,
      data_type: JSON.stringify(type === 'TEXT' ? { type, length: 20 } : { type, precision: 38, scale: 0 }),
    })),
  })
  standIn.answer(/information_schema\.tables/, { rows: [{ ROW_COUNT: rows, LAST_ALTERED: altered }] })
  standIn.answer(/^\s*select query_id/, { rows: [] })
  standIn.answer(/^\s*select count\(\*\) as statements/, { rows: [{ STATEMENTS: 900, USERS: 4 }] })
  standIn.answer(/^show (?:locks|transactions|resource monitors)/, { rows: [] })
  standIn.answer(/current_role\(\)/, { rows: [{ VERSION: '9.36.1', ROLE: 'INCIDENT_READER' }] })
}

/** A warehouse as SHOW WAREHOUSES has it. */
export function warehouse(changes: Readonly<Record<string, Cell>>): Record<string, Cell> {
  return {
    name: 'ASKING',
    state: 'STARTED',
    size: 'X-Small',
    running: 0,
    queued: 0,
    auto_suspend: 60,
    is_current: 'Y',
    resource_monitor: 'null',
    ...changes,
  }
}
