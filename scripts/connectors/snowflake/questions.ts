import type { Asset, Category } from '../../domain/alert.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { oneLine } from '../../domain/text.ts'
import { isSeen, type TableName } from '../../domain/warehouse.ts'
import { AppError, toAppError } from '../../lib/errors.ts'
import type { ConnectorContext, Question } from '../connector.ts'
import { within } from '../gathering/ask.ts'
import { type About, lockEvidence } from '../warehouse/evidence.ts'
import { askAbout, namesOf } from '../warehouse/warehouse.ts'
import { SnowflakePlace } from './address.ts'
import { type Compute, computeEvidence, findCompute, monitorEvidence } from './compute.ts'
import { gapEvidence, isDrop, withHistory } from './evidence.ts'
import { findHistory, type Gap, type HistoryQuestion, type Statement } from './history.ts'
import { findLocks } from './locks.ts'
import { refusal } from './paying.ts'
import type { AskRows } from './session.ts'
import { type Found, findTables, withLastAltered } from './tables.ts'

/** Answers go out this long before the time is up, so that what is slow does not take the rest with it. */
const marginMs = 700

/** Troubles that a warehouse without credits, or with a queue, may be behind. */
const ofCompute: ReadonlySet<Category> = new Set([
  'freshness',
  'pipeline_delay',
  'pipeline_failure',
  'resource',
  'cost',
])

/** What an account tells of a table, in one session. `leftMs` is the time until the answer is due. */
export async function askAccount(
  ask: AskRows,
  asset: Asset,
  question: Question,
  context: ConnectorContext,
  leftMs: number,
): Promise<EvidenceDraft[]> {
  const end = Date.now() + leftMs - marginMs
  const about: About = { source: 'snowflake', asset: asset.name, now: question.now }
  const { database = null } = SnowflakePlace.parse(context.system.options)
  const gaps: Gap[] = []
  const statements: Statement[] = []
  const compute = await findCompute(ask)
  let decided: Promise<AppError | null> | null = null
  /** Whether its warehouse may work is decided once, and not for a table that is not there. */
  const refusedOnce = () => {
    decided ??= refusal(compute, question, context)
    return decided
  }

  /** What is asked beside the table itself: when it fails, or takes too long, that is told, and no more. */
  async function orGap<T>(what: string, answer: () => Promise<T>): Promise<T | null> {
    try {
      return await within(Math.max(1, end - Date.now()), answer)
    } catch (thrown) {
      gaps.push({ what, fault: toAppError(thrown) })
      return null
    }
  }

  async function tellHistory(found: Found | null): Promise<void> {
    const [name] = namesOf(asset)
    const refused = await refusedOnce()
    if (refused) gaps.push({ what: 'when it was written to and what was done to it', fault: refused })
    if (refused || !name) return
    const where = whereabouts(found, name, database)
    const told = await orGap('what was done to it', () => findHistory(ask, where))
    statements.push(...(told?.statements ?? []))
    gaps.push(...(told?.gaps ?? []))
  }

  let told: Promise<void> | null = null
  function tellHistoryOnce(found: Found | null): Promise<void> {
    told ??= tellHistory(found)
    return told
  }

  async function tellLocks(found: Found): Promise<EvidenceDraft[]> {
    const { locks, seesAll } = await findLocks(ask, found, question.now)
    if (!seesAll && question.category === 'lock') gaps.push({ what: 'who holds a lock on it', fault: locksHidden() })
    return locks.map((lock) => lockEvidence(lock, about))
  }

  const drafts = await askAbout(
    {
      source: 'snowflake',
      database,
      async find(names) {
        const tables = await findTables(ask, names, database)
        const first = tables.find(isSeen)
        if (!first || (await refusedOnce())) return tables
        const later = await orGap('when it was last written to', () => withLastAltered(ask, first))
        return tables.map((one) => (one === first ? (later ?? first) : one))
      },
      async wasDropped() {
        await tellHistoryOnce(null)
        return statements.some(isDrop)
      },
      grant: (name) =>
        `Give the role back what it had: GRANT USAGE on its schema and REFERENCES or SELECT on ${oneLine(name, 250)}.`,
      async beyond(found) {
        const [locks, warehouses] = await Promise.all([
          found && orGap('who holds a lock on it', () => tellLocks(found)),
          ofCompute.has(question.category) && !question.isLead
            ? orGap('how its warehouses are', () => warehousesOf(ask, compute, about))
            : null,
          tellHistoryOnce(found),
        ])
        return [...(locks ?? []), ...(warehouses ?? [])]
      },
    },
    asset,
    question,
    context,
  )
  return [...withHistory(drafts, statements, about), ...gapEvidence(gaps, context.system, about)]
}

async function warehousesOf(ask: AskRows, compute: readonly Compute[], about: About): Promise<EvidenceDraft[]> {
  return [...computeEvidence(compute, about), ...(await monitorEvidence(ask, compute, about))]
}

/** Where a table is; of one that is gone, where its name says. */
function whereabouts(found: Found | null, name: TableName, database: string | null): HistoryQuestion {
  if (found) return found
  return { table: name.table, schema: name.schema, database: name.database ?? database }
}

function locksHidden(): AppError {
  return new AppError(
    'E_ACCESS_DENIED',
    'Its role sees the locks of its own user only; Snowflake shows those of others to ACCOUNTADMIN alone.',
    'Run SHOW LOCKS IN ACCOUNT as ACCOUNTADMIN; SELECT SYSTEM$ABORT_TRANSACTION(its transaction) ends one.',
  )
}
