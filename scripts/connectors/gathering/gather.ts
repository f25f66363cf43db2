import type { Evidence, EvidenceDraft } from '../../domain/evidence.ts'
import { assetKey } from '../../domain/fingerprint.ts'
import { alertEvidence, settleEvidence } from '../../domain/gather.ts'
import { leadsOf } from '../../domain/leads.ts'
import { candidateSystems, certainSystem, isCalled, type System, type Systems } from '../../domain/system.ts'
import { topicsFor } from '../../domain/topics.ts'
import { changedAt, weightOf } from '../../domain/weight.ts'
import { redactDeep } from '../../lib/redact.ts'
import type { Connector, Question } from '../connector.ts'
import { connectorsOf } from '../index.ts'
import { type Answer, ask, unavailable } from './ask.ts'
import { type Library, noLibrary } from './library.ts'
import { type Memory, noMemory } from './memory.ts'

/** What an answer names is asked about, and what that answer names in turn; then it ends. */
const mostRounds = 2
/** More assets than this are not asked about, the incident's own aside. */
const mostLeads = 12
/** While it is not certain in which instance an asset lives, so many are asked; the others are stated. */
const mostCandidates = 20

export interface GatherOptions {
  systems: Systems
  memory?: Memory
  /** What was read before; default nothing. */
  library?: Library
  /** Evidence from elsewhere, such as past incidents; what is still to come is waited for at the end. */
  extra?: readonly EvidenceDraft[] | Promise<readonly EvidenceDraft[]>
  /** For one question to one system, where neither it nor its kind sets another limit; default 5 s. */
  perSystemMs?: number
  /** For all of it; default 12 s. */
  totalMs?: number
  /** Who is asked; default those of the systems. Only who is among them can be told as not set up. */
  from?: readonly Connector[]
}

export interface Gathered {
  evidence: Evidence[]
  /** Systems that could know something and are not set up. */
  notConfigured: string[]
}

/** One draft, and whether it is about an asset that an answer named. */
interface Piece {
  draft: unknown
  isLead: boolean
}

/**
 * Asks every instance that may know something, all at once; what an answer names is asked about next, as soon as it is
 * there. One that can't be asked becomes `unavailable` evidence and costs the others nothing. Never throws for what a
 * system does.
 */
export async function gatherEvidence(question: Question, options: GatherOptions): Promise<Gathered> {
  const {
    systems,
    memory = noMemory,
    library = noLibrary,
    extra = [],
    perSystemMs = 5_000,
    totalMs = 12_000,
    from = await connectorsOf(systems.all.map(({ kind }) => kind)),
  } = options
  const end = Date.now() + totalMs
  const notConfigured = new Set<string>()
  const asked = new Set<string>()
  const silent = new Set<string>()
  const led = new Set<string>()

  const pieces = await askAbout(question, 0)
  const claims = [...(await extra), ...alertEvidence(question.alerts)].map((draft) => ({
    draft: redactDeep(draft),
    isLead: false,
  }))
  const weighed = [...faultOf(systems, question), ...pieces, ...claims]
    .map((piece) => ({ ...piece, weight: weightOf(piece.draft, piece.isLead), at: changedAt(piece.draft) }))
    // Whoever tells of them, changes come in the order of their nearness to the trouble.
    .toSorted((a, b) => b.weight - a.weight || b.at - a.at)
  return { evidence: settleEvidence(weighed.map(({ draft }) => draft)), notConfigured: [...notConfigured] }

  async function askAbout(about: Question, round: number): Promise<Piece[]> {
    const topics = topicsFor(about.asset, about.category)
    const found = await Promise.all(
      from
        .filter((connector) => connector.topics.some((topic) => topics.has(topic)) && connector.concerns(about))
        .map((connector) => askInstances(connector, about, round)),
    )
    return found.flat()
  }

  async function askInstances(connector: Connector, about: Question, round: number): Promise<Piece[]> {
    const { instances, missing, stated } = instancesFor(connector, about, systems)
    // What the alert names may be another connector's: a table is at home in one warehouse of two.
    const isConfigured = systems.all.some((system) => missing !== null && isCalled(system, missing))
    if (missing !== null && !about.isLead && !isConfigured) notConfigured.add(missing)
    const answers = await Promise.all(instances.map((instance) => askOne(connector, instance, about, round)))
    // Of several instances that may be meant, those without the asset are just not the one.
    const isFound = answers.some(({ answer }) => answer.drafts.length > 0)
    const told = answers.flatMap(({ system, answer, further }) => {
      const { drafts, fault } = answer
      const isElsewhere = fault?.code === 'E_ASSET_UNKNOWN' && (about.isLead === true || isFound)
      const stated = fault && !isElsewhere ? [unavailable(connector, system, fault, about)] : []
      return [...[...drafts, ...stated].map((draft) => ({ draft, isLead: about.isLead === true })), ...further]
    })
    return [...told, ...(about.isLead ? [] : stated.map((draft) => ({ draft, isLead: false })))]
  }

  async function askOne(connector: Connector, { system, isCertain }: Instance, about: Question, round: number) {
    const nothing = { system, answer: { drafts: [], fault: null } satisfies Answer, further: [] }
    const key = `${connector.name}|${system.name}|${assetKey(about.asset, null) ?? ''}`
    if (asked.has(key) || silent.has(system.name)) return nothing
    asked.add(key)
    const leftMs = end - Date.now()
    const limitMs = Math.min(system.limitMs ?? connector.limitMs ?? perSystemMs, leftMs)
    if (limitMs <= 0) return nothing
    const patienceMs = Math.min(connector.patienceMs?.(about) ?? 0, leftMs - limitMs)
    const answer = await ask(connector, system, about, {
      limitMs,
      patienceMs,
      isSole: isSoleHome(about),
      memory,
      library,
    })
    if (answer.fault?.code === 'E_HTTP_TIMEOUT') silent.add(system.name)
    const drafts = answer.drafts.map((draft) => stamped(draft, connector, system, isCertain))
    return { system, answer: { ...answer, drafts }, further: await follow(drafts, about, round + 1) }
  }

  /** Whether one configured system alone can be where it lives. */
  function isSoleHome(about: Question): boolean {
    const { asset } = about
    const homes = from.filter((connector) => asset !== null && connector.owns(asset) && connector.concerns(about))
    const kinds = homes.flatMap(({ name, kinds: more }) => [name, ...Object.keys(more)])
    return systems.all.filter(({ kind }) => kinds.includes(kind)).length === 1
  }

  async function follow(drafts: readonly unknown[], about: Question, round: number): Promise<Piece[]> {
    if (round > mostRounds) return []
    const leads = leadsOf(drafts, [about.asset, question.asset])
      .filter((asset) => !led.has(assetKey(asset, null) ?? ''))
      .slice(0, mostLeads - led.size)
    for (const asset of leads) led.add(assetKey(asset, null) ?? '')
    const found = await Promise.all(leads.map((asset) => askAbout({ ...about, asset, isLead: true }, round)))
    return found.flat()
  }
}

interface Instance {
  system: System
  /** False while another instance could be meant just as well: what is found there is never fixed. */
  isCertain: boolean
}

interface Choice {
  instances: Instance[]
  /** The name of what would have to be configured, when there is none. */
  missing: string | null
  /** Why instances that there are were not asked. */
  stated: EvidenceDraft[]
}

function instancesFor(connector: Connector, question: Question, systems: Systems): Choice {
  const { asset, environment } = question
  const kinds = [connector.name, ...Object.keys(connector.kinds)]
  const isOwn = asset !== null && connector.owns(asset)
  const called = isOwn ? asset.system : null
  const candidates = candidateSystems(systems, kinds, called, environment)
  const alike = systems.all.filter(({ kind }) => kinds.includes(kind))
  const of = { name: connector.name, kind: connector.name }
  if (candidates.length === 0) {
    if (alike.length === 0 || environment === null) return { instances: [], missing: connector.name, stated: [] }
    return {
      instances: [],
      missing: null,
      stated: [unavailable(connector, of, ofOthers(alike, environment), question)],
    }
  }
  // Another instance than the one that the alert names can only tell of a namesake.
  if (called != null && candidates.every((system) => !isCalled(system, called)))
    return { instances: [], missing: called, stated: [] }
  // Where the asset lives in none of them, each may know something else of it.
  const most = isOwn ? mostCandidates : candidates.length
  const leftOut = candidates.slice(most)
  return {
    instances: candidates.slice(0, most).map((system) => ({
      system,
      isCertain: !isOwn || certainSystem(systems, system.kind, called)?.name === system.name,
    })),
    missing: null,
    stated: leftOut.length === 0 ? [] : [unavailable(connector, of, uncertain(leftOut), question)],
  }
}

/** Begins as what is not configured does: no judgement has to wait for it. */
function ofOthers(systems: readonly System[], environment: string) {
  const others = systems.map(({ name, environment: other }) => `${name} is of ${other}`)
  return {
    code: 'E_SETTING_MISSING',
    message: `Not configured for ${environment}: ${some(others)}.`,
    hint: 'Correct `environment` in config/systems.yaml, or in the alert; an instance without one is asked for all.',
  }
}

function uncertain(leftOut: readonly System[]) {
  return {
    code: 'E_INSTANCE_UNCERTAIN',
    message: `The alert does not say which instance it means; ${mostCandidates} were asked, and not ${some(leftOut.map(({ name }) => name))}.`,
    hint: 'Name the instance in the alert (`system`), or give instances an `environment` in config/systems.yaml.',
  }
}

function some(names: readonly string[]): string {
  const more = names.length - mostNamed
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const mostNamed = 10

/** Evidence says which instance it is of. A catalogue has none. */
function stamped(draft: unknown, connector: Connector, system: System, isCertain: boolean): unknown {
  if (Object.keys(connector.kinds).length === 0) return draft
  if (typeof draft !== 'object' || draft === null || !('data' in draft)) return draft
  const { data } = draft
  if (typeof data !== 'object' || data === null) return draft
  return { ...draft, data: { ...data, system: system.name, ...(isCertain ? {} : { is_certain: false }) } }
}

function faultOf({ fault }: Systems, question: Question): Piece[] {
  if (!fault) return []
  const file = { name: 'systems', kind: 'systems' }
  return [{ draft: unavailable({ name: 'catalog' }, file, fault, question), isLead: false }]
}
