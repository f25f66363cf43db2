import type { Question } from '../connectors/connector.ts'
import { checkSystems, healthEvidence } from '../connectors/gathering/check.ts'
import { gatherEvidence } from '../connectors/gathering/gather.ts'
import type { Memory } from '../connectors/gathering/memory.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { type Category, sourceKey } from '../domain/alert.ts'
import type { Evidence, EvidenceDraft } from '../domain/evidence.ts'
import { assetKey } from '../domain/fingerprint.ts'
import type { Systems } from '../domain/system.ts'
import type { Settings } from '../lib/config.ts'
import { changesBefore } from '../store/changes.ts'
import type { Store } from '../store/connection.ts'
import { beginAnalysis } from '../store/decisions.ts'
import { saveEvidence } from '../store/evidence.ts'
import { similarIncidents } from '../store/history.ts'
import { loadIncident } from '../store/incidents.ts'
import { openIncidentsNear } from '../store/near.ts'
import { takeTurn, tellOutcome } from '../store/systems.ts'
import { libraryIn } from './library.ts'

/** Trouble of systems themselves: then how each one is says something. */
const aboutSystems: ReadonlySet<Category> = new Set(['infrastructure', 'access'])
const healthMs = 5_000

async function systemsHealth({ all }: Systems, now: Date): Promise<EvidenceDraft[]> {
  return healthEvidence(await checkSystems(all, { limitMs: healthMs }), now)
}

/** What every configured system, and the memory, know of an incident now. */
export async function collectEvidence(store: Store, id: string, settings: Settings, now: Date): Promise<Evidence[]> {
  const { incident, alerts } = await loadIncident(store, id)
  const question: Question = {
    asset: incident.asset,
    category: incident.category,
    environment: incident.environment,
    alerts,
    now,
  }
  const past = await similarIncidents(
    store,
    {
      fingerprint: incident.fingerprint,
      assetKey: assetKey(incident.asset, incident.environment),
      category: incident.category,
      title: incident.title,
      excluding: id,
    },
    5,
  )
  const near = await openIncidentsNear(store, incident, 5, now)
  const starts = alerts.flatMap(({ started_at: start }) => (start ? [Date.parse(start)] : []))
  const trouble = { asset: incident.asset?.name ?? null, environment: incident.environment }
  const changed = await changesBefore(store, { ...trouble, at: new Date(Math.min(now.getTime(), ...starts)) }, 5)
  const systems = await loadSystems(settings)
  const health = aboutSystems.has(incident.category) ? systemsHealth(systems, now) : []
  const { evidence } = await gatherEvidence(question, {
    systems,
    memory: memoryOf(store),
    library: libraryIn(store),
    extra: Promise.resolve(health).then((told) => [...told, ...near, ...past, ...changed]),
  })
  return evidence
}

/**
 * Takes the incident's lease for this execution and collects what every configured system knows.
 * `null` when it is decided already, or another execution analyses it.
 */
export async function gatherIncident(store: Store, id: string, holder: string, settings: Settings, now: Date) {
  if (!(await beginAnalysis(store, id, holder))) return null
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await collectEvidence(store, id, settings, now)
  const isHeld = await store.transaction(async (query) => {
    // While systems were asked another execution may have taken over: what that one decides on is not replaced.
    const held = await beginAnalysis(query, id, holder)
    if (held) await saveEvidence(query, id, held.revision, evidence)
    return held !== null
  })
  if (!isHeld) return null
  const unavailable = evidence.flatMap((item) => (item.kind === 'unavailable' ? [item.summary] : []))
  const first = alerts[0]
  return { evidence: evidence.length, unavailable, source: first ? sourceKey(first) : incident.source }
}

/** What gatherings share, kept in the store. */
export function memoryOf(store: Store): Memory {
  return {
    take: (system, key, limits) => takeTurn(store, system, key, limits),
    tell: (system, key, token, outcome) => tellOutcome(store, system, key, token, outcome),
  }
}
