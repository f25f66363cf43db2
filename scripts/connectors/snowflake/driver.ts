import { parentPort, workerData } from 'node:worker_threads'
import snowflake from 'snowflake-sdk'
import { asFault } from './faults.ts'
import type { DriverMessage, DriverQuestion, DriverWish, Value } from './session.ts'
import { openWire, type Wire } from './wire.ts'

/** The thread that Snowflake's driver runs in: answers what `session.ts` asks of it, until it is ended. */

/** As the account's history shows what we ask. */
const queryTag = 'data-incident-manager'

/** Of each statement, whatever the user's own settings are. */
const parameters = { QUERY_TAG: queryTag, STATEMENT_TIMEOUT_IN_SECONDS: 8, STATEMENT_QUEUED_TIMEOUT_IN_SECONDS: 4 }

type Connection = ReturnType<typeof snowflake.createConnection>

async function serve({ access, database }: DriverWish): Promise<void> {
  const wire = openWire(access.url)
  try {
    snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false })
    const connection = snowflake.createConnection(optionsOf(access, database, wire))
    await Promise.race([wire.broken, loggedIn(connection)])
    parentPort?.on('message', (message: DriverMessage) => {
      if (message === null) connection.destroy(() => process.exit())
      else void answer(connection, wire, message)
    })
    parentPort?.postMessage({ id: 'ready' })
  } catch (thrown) {
    refuse(null, thrown)
  }
}

async function answer(connection: Connection, wire: Wire, { id, text, values }: DriverQuestion): Promise<void> {
  try {
    const rows = await Promise.race([wire.broken, rowsOf(connection, text, values)])
    parentPort?.postMessage({ id, rows: rows.map(plain) })
  } catch (thrown) {
    refuse(id, thrown)
  }
}

function refuse(id: number | null, thrown: unknown): void {
  const { code, message, hint, retryAfterMs } = asFault(thrown)
  parentPort?.postMessage({ id, fault: { code, message, hint, retryAfterMs } })
}

function optionsOf(
  { account, url, username, role, warehouse, login }: DriverWish['access'],
  database: string | null,
  wire: Wire,
) {
  return {
    account,
    accessUrl: url,
    username,
    ...login,
    ...(role === null ? {} : { role }),
    ...(warehouse === null ? {} : { warehouse }),
    ...(database === null ? {} : { database }),
    application: 'DataIncidentManager',
    queryTag,
    // Trying again is gathering's part.
    sfRetryMaxLoginRetries: 0,
    agentClass: wire.agentFor,
  }
}

/** Its own promise of this is kept when the log-in was refused. */
function loggedIn(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.connect((fault) => (fault ? reject(fault) : resolve()))
  })
}

function rowsOf(connection: Connection, sqlText: string, values: readonly Value[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      ...(values.length > 0 ? { binds: [...values] } : {}),
      parameters,
      complete: (fault, _, rows) => (fault ? reject(fault) : resolve(rows ?? [])),
    })
  })
}

/** A row that another thread can be sent: SHOW names its columns in lower case, a view in upper case. */
function plain(row: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name.toLowerCase(), plainValue(value)]))
}

function plainValue(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : new Date(value.getTime()).toISOString()
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

void serve(workerData)
