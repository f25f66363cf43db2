import { z } from 'zod'
import { type SlackStandIn, textOf } from '../../../tests/stand-ins/slack.ts'
import type { Store } from '../../store/connection.ts'
import { outcomeOf } from '../../store/outcomes.ts'
import { sql } from '../../store/sql.ts'
import { freshAlert } from './alerts.ts'
import { type Executions, until } from './executions.ts'
import type { Section } from './report.ts'

const namespace = 'incident_management'
const atOnce = 10

export interface Duplicates {
  deliveries: number
  atOnce: number
  acceptedPerSecond: number
  endedPerSecond: number
  /** What the deliveries led to. */
  counts: Counts & { messages: number; analyses: number }
  /** What is not as it must be; empty when all is well. */
  faults: string[]
}

const Counts = z.object({ alerts: z.number(), incidents: z.number(), decisions: z.number(), unfinished: z.number() })
type Counts = z.infer<typeof Counts>

/** Delivers one alert over and over, several at a time, and counts what came of it. */
export async function measureDuplicates(options: {
  store: Store
  slack: SlackStandIn
  executions: Executions
  deliveries: number
  onProgress(text: string): void
}): Promise<Duplicates> {
  const { store, slack, executions, deliveries, onProgress } = options
  const alert = await freshAlert('notified', 'duplicate')
  const analysesBefore = await executions.count(namespace, 'incident_analyzer')
  onProgress(`Delivering one alert ${deliveries} times`)
  const began = Date.now()
  const posted = await severally(deliveries, () => executions.post(namespace, alert))
  const acceptedMs = Date.now() - began
  const ids = posted.map(({ id }) => id)
  // The end of the last one comes first, and then all others have nothing left to wait for, or little.
  const ends: Date[] = []
  for (const [index, id] of ids.toReversed().entries()) {
    if (index % 20 === 0) onProgress(`Waiting for their ends: ${index} of ${deliveries}`)
    ends.push(await executions.end(id))
  }
  const endedMs = Math.max(...ends.map((end) => end.getTime())) - began
  const outcome = await until('the incident is at rest', async () => {
    const found = await outcomeOf(store, ids[0] ?? '')
    return found?.at_rest ? found : null
  })
  const counts = {
    ...(await countsOf(store, ids)),
    messages: slack.messages.filter((message) => textOf(message).includes(outcome.incident)).length,
    analyses: (await executions.count(namespace, 'incident_analyzer')) - analysesBefore,
  }
  return {
    deliveries,
    atOnce,
    acceptedPerSecond: (deliveries * 1000) / acceptedMs,
    endedPerSecond: (deliveries * 1000) / endedMs,
    counts,
    faults: faultsOf(deliveries, counts),
  }
}

/** What a count is, where it is not what it must be. */
export function faultsOf(deliveries: number, counts: Duplicates['counts']): string[] {
  const wanted = { alerts: deliveries, incidents: 1, decisions: 1, analyses: 1, messages: 1, unfinished: 0 }
  return Object.entries({ ...wanted, ...counts }).flatMap(([name, count]) => {
    const right = new Map(Object.entries(wanted)).get(name)
    return count === right ? [] : [`${deliveries} deliveries of one alert: ${name} is ${count}, not ${right}`]
  })
}

export function duplicatesSection(duplicates: Duplicates): Section {
  const { deliveries, atOnce, counts, faults, acceptedPerSecond, endedPerSecond } = duplicates
  return {
    title: 'Duplicates',
    header: ['deliveries', 'incidents', 'analyses', 'Slack messages', 'accepted', 'ended', ''],
    rows: [
      [
        String(deliveries),
        String(counts.incidents),
        String(counts.analyses),
        String(counts.messages),
        `${acceptedPerSecond.toFixed(1)}/s`,
        `${endedPerSecond.toFixed(1)}/s`,
        faults.length === 0 ? 'as it must be' : 'WRONG',
      ],
    ],
    notes: [
      `One alert, ${atOnce} deliveries at a time. From the first POST to the last answer, and to the last end.`,
      ...faults,
    ],
  }
}

/** Runs the work so often, some at a time. */
async function severally<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let started = 0
  const worker = async () => {
    while (started < count) {
      started += 1
      results.push(await work())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

async function countsOf(store: Store, deliveries: readonly string[]): Promise<Counts> {
  const counts = await store.transaction((query) =>
    query.first(
      Counts,
      sql`
        with own as (select incident, end_state from alerts where raw_id = any(${[...deliveries]}))
        select (select count(*)::int from own) as alerts,
          (select count(distinct incident)::int from own) as incidents,
          (select count(*)::int from decisions where decision is not null and incident in (select incident from own)) as decisions,
          (select count(*)::int from own where end_state is null) as unfinished`,
    ),
  )
  return Counts.parse(counts)
}
