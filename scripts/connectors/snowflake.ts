import { z } from 'zod'
import { type Asset, isRelation } from '../domain/alert.ts'
import { isSeen, type Sight, type TableName, type TableState } from '../domain/warehouse.ts'
import { snowflakeSettings } from '../lib/config.ts'
import type { Connector, ConnectorContext, Survey } from './connector.ts'
import { accessOf, SnowflakePlace } from './snowflake/address.ts'
import { findCompute, isRunning, ownCompute } from './snowflake/compute.ts'
import { historyRights } from './snowflake/history.ts'
import { noCompute, worstOf } from './snowflake/paying.ts'
import { askAccount } from './snowflake/questions.ts'
import { type AskRows, withSnowflake } from './snowflake/session.ts'
import { asWritten, findTables, largestTables } from './snowflake/tables.ts'
import { tableFindings } from './warehouse/survey.ts'
import { namesOf } from './warehouse/warehouse.ts'

const platforms = /^snowflake/i
/** A log-in and its questions take longer there than elsewhere. */
const defaultLimitMs = 8_000

/**
 * A Snowflake account as warehouse: rows, columns and what became of them, who did what to a table, locks, its
 * warehouses. Metadata only; what needs a warehouse that runs is asked within a limit of credits.
 */
export const snowflake: Connector = {
  name: 'snowflake',
  kinds: { snowflake: SnowflakePlace },
  settings: snowflakeSettings,
  fromSettings(settings) {
    const account = settings.SNOWFLAKE_ACCOUNT
    if (!account) return null
    return {
      kind: 'snowflake',
      options: given({
        account,
        role: settings.SNOWFLAKE_ROLE,
        warehouse: settings.SNOWFLAKE_WAREHOUSE,
        database: settings.SNOWFLAKE_DATABASE,
      }),
      credentials: given({
        username: settings.SNOWFLAKE_USERNAME,
        password: settings.SNOWFLAKE_PASSWORD,
        private_key: settings.SNOWFLAKE_PRIVATE_KEY,
        passphrase: settings.SNOWFLAKE_PRIVATE_KEY_PASSPHRASE,
        token: settings.SNOWFLAKE_TOKEN,
      }),
    }
  },
  limitMs: defaultLimitMs,
  topics: ['tables'],
  concerns: ({ asset }) => asset !== null && isRelation(asset.kind) && isPossible(asset),
  owns: (asset) => asset.kind === 'table' && isPossible(asset),
  shared: ({ asset, category, alerts, isLead = false }) => ({
    key: [asset?.kind ?? null, asset?.name ?? null, category, worstOf(alerts), String(isLead)],
    seconds: 20,
  }),

  gather(question, context) {
    const { asset } = question
    if (asset === null) return Promise.resolve([])
    const end = Date.now() + (context.time?.leftMs() ?? defaultLimitMs)
    return inAccount(context, namesOf(asset), (ask) => askAccount(ask, asset, question, context, end - Date.now()))
  },

  check(context) {
    const { warehouse = null } = SnowflakePlace.parse(context.system.options)
    return inAccount(context, [], async (ask) => {
      const [place] = await ask(Place, 'select current_version() as version, current_role() as role')
      const own = ownCompute(await findCompute(ask), warehouse)
      const version = `Snowflake ${place?.version ?? ''}`
      if (!own) return { version, missingRights: [noCompute(warehouse).hint] }
      // Looking for rights is no reason to wake it.
      if (!isRunning(own)) return { version: `${version}, ${own.name} suspended`, missingRights: [] }
      return { version, missingRights: await historyRights(ask, place?.role ?? 'its role') }
    })
  },
}

/** Its largest tables, by rows: what nobody else speaks of may matter all the same. Wakes no warehouse. */
export const snowflakeSurvey: Survey = {
  kinds: ['snowflake'],
  survey(context) {
    const { database = null } = SnowflakePlace.parse(context.system.options)
    return inAccount(context, [], async (ask) => tableFindings(context.system, await largestTables(ask, database)))
  },
}

const Place = z.object({ version: z.string(), role: z.string().nullable() })

/** How many tables are, in the order of their names. Takes no warehouse that runs. */
export function watchTables(
  names: readonly TableName[],
  context: Pick<ConnectorContext, 'system' | 'signal'>,
): Promise<Sight<TableState>[]> {
  const { database = null } = SnowflakePlace.parse(context.system.options)
  return inAccount(context, [], async (ask) => {
    const found = await findTables(ask, names, database)
    return found.map((one) => (isSeen(one) ? one.state : one))
  })
}

/** A session in the database of the first name that says one, else in the configured one. */
function inAccount<T>(
  { system, signal }: Pick<ConnectorContext, 'system' | 'signal'>,
  names: readonly TableName[],
  work: (ask: AskRows) => Promise<T>,
): Promise<T> {
  const named = names.find(({ database }) => database !== null)?.database
  const database = named ?? SnowflakePlace.parse(system.options).database
  return withSnowflake({ access: accessOf(system), database: database ? asWritten([database]) : null }, signal, work)
}

function isPossible({ platform }: Asset): boolean {
  return platform === undefined || platforms.test(platform)
}

/** Without what is not set. */
function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value ? [[key, value]] : [])))
}
