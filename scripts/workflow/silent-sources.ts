import { ownAlert } from '../domain/own-alert.ts'
import { hearing } from '../domain/silent-source.ts'
import type { Store } from '../store/connection.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { expectSource, listSources, markSilent } from '../store/sources.ts'
import { takeOwnAlert } from './own-alerts.ts'
import { quietInForce } from './quiet.ts'
import type { WorkOptions } from './work.ts'

const markName = 'listening'
/** A clock that has not ticked for so long was down, and so were we. */
const outageMs = 5 * 60_000

/** Opens an alert of our own for each source that should be heard and is not, and resolves it when it speaks again. */
export async function watchSources(store: Store, options: WorkOptions): Promise<number> {
  const { rules, fault } = await quietInForce(store, options.settings)
  if (fault) options.log('error', `The rules for keeping quiet are as they were last read: ${fault}`)
  const listeningSince = await noteTick(store)
  const expected = [...rules.sources].flatMap(([source, { heartbeatMinutes }]) =>
    heartbeatMinutes === null ? [] : [{ source, everyMinutes: heartbeatMinutes }],
  )
  const sources = await store.transaction(async (query) => {
    for (const { source } of expected) await expectSource(query, source)
    return new Map((await listSources(query)).map((row) => [row.source, row]))
  })
  const now = new Date()
  let told = 0
  for (const { source, everyMinutes } of expected) {
    const row = sources.get(source)
    if (!row) continue
    const { last_heard_at: lastHeard, expected_since, silent_since: silentSince } = row
    const expectedSince = expected_since ?? now
    const found = hearing({ everyMinutes, lastHeard, expectedSince, silentSince }, listeningSince, now)
    if (found !== 'missed' && found !== 'back') continue
    await tell(store, { source, everyMinutes, lastHeard, isBack: found === 'back' }, options, now)
    await store.transaction((query) => markSilent(query, source, found === 'missed' ? now : null))
    told += 1
  }
  return told
}

/** Notes that the clock ticks. Answers since when it has done so without an outage. */
async function noteTick(store: Store): Promise<Date> {
  const now = new Date()
  const mark = await loadMark(store, markName)
  const since = mark && now.getTime() - mark.at.getTime() < outageMs ? String(mark.detail.since) : now.toISOString()
  await saveMark(store, markName, now, { since })
  return new Date(since)
}

async function tell(
  store: Store,
  of: { source: string; everyMinutes: number; lastHeard: Date | null; isBack: boolean },
  options: WorkOptions,
  now: Date,
): Promise<void> {
  const { source, everyMinutes, lastHeard, isBack } = of
  const last = lastHeard?.toISOString() ?? 'never'
  const since = lastHeard?.toISOString() ?? 'never'
  const alert = ownAlert({
    check: 'a silent source',
    status: isBack ? 'resolved' : 'firing',
    title: isBack ? `${source} is heard again` : `${source} is silent: it should be heard every ${everyMinutes} min`,
    description: `Last heard: ${last}. While it is silent, what it watches may fail without anybody knowing.`,
    severity: 'HIGH',
    category: 'infrastructure',
    about: source,
    now,
  })
  // Named by what was last heard: a turn that dies in the middle tells of the same silence once.
  await takeOwnAlert(store, `${isBack ? 'heard' : 'silent'}/${source}/${since}`, alert, options)
}
