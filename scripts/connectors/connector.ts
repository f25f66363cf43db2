import type { z } from 'zod'
import type { Alert, Asset, Category } from '../domain/alert.ts'
import type { Finding } from '../domain/catalog-draft.ts'
import type { EvidenceDraft, EvidenceSource } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import type { Topic } from '../domain/topics.ts'
import type { Library } from './gathering/library.ts'

/** What is to be found out. */
export interface Question {
  /** The incident's asset; in the second round one that the first answers named. */
  asset: Asset | null
  category: Category
  environment: string | null
  /** The alerts of the incident, oldest first. */
  alerts: readonly Alert[]
  now: Date
  /** Whether an answer, not the incident, named this asset: then the short answer will do. */
  isLead?: boolean
}

/** What a connector may use. `signal` ends with the system's own time limit. */
export interface ConnectorContext {
  system: System
  signal: AbortSignal
  /** What was read before. */
  library: Library
  /** Whether the asset can live in no other system that is configured. */
  isSole?: boolean
  /** Absent where nobody waits for an answer to a question: a check, a survey. */
  time?: Time
}

/** The time that a question may take. */
export interface Time {
  /** Milliseconds until it is given up: what is known by then is to be told before. */
  leftMs(): number
  /** Says that the system answers and has yet to settle: from here on the question may take its `patienceMs` as well. */
  extend(): void
}

/** What the lightest question to a system told. */
export interface Health {
  version: string | null
  /** What its user may not see or do, as the other side calls it, with what to grant. */
  missingRights: string[]
}

/** Something that failed, as the system itself knows it. */
export interface Failure {
  /** Stable: the same failure read again has the same id. */
  id: string
  at: Date
  /** What the system's own callback would have posted. */
  body: Readonly<Record<string, unknown>>
  about: { pipeline: string; task: string; run: string }
}

/** A kind of system that can be asked what failed, for what its callbacks never told. */
export interface FailureFeed {
  readonly kind: string
  /** Whose alerts tell of such failures where they are called back. */
  readonly monitor: string
  /** Whether two instances may call different pipelines and runs by the same names. */
  readonly areNamesShared?: boolean
  /** How much later than it ended a failure may come to be seen, in milliseconds. */
  readonly lateMs?: number
  /** What ended badly at `since` or after, oldest first, at most so many. @throws AppError when it can't be asked */
  failuresSince(since: Date, limit: number, context: ConnectorContext): Promise<Failure[]>
}

/** A kind of system that can be asked for all that it knows, so that a catalogue can be drafted from it. */
export interface Survey {
  readonly kinds: readonly string[]
  /**
   * The assets that are worth an entry. What it did not get to is told by `leftOut`: nothing follows then from what is
   * not among them. @throws AppError when it can't be asked
   */
  survey(context: ConnectorContext, leftOut?: (what: string) => void): Promise<Finding[]>
}

/** Asks one kind of system, read-only, and answers in evidence. */
export interface Connector {
  /** Registry key and the file's name; the source of its evidence. */
  readonly name: EvidenceSource
  /** The kinds of instance that it asks, each with what `config/systems.yaml` may say of one beyond `systemKeys`. */
  readonly kinds: Readonly<Record<string, z.ZodObject>>
  /** The settings of its one default instance. */
  readonly settings: readonly string[]
  /** The default instance, named as its kind, when enough is set. Not configured is no fault and blocks nothing. */
  fromSettings(
    settings: Readonly<Record<string, string | undefined>>,
  ): Pick<System, 'kind' | 'options' | 'credentials'> | null
  /** What it can tell of; the table in domain/topics.ts says when that is asked about. */
  readonly topics: readonly Topic[]
  /** How long a question to such a system may take that sets no limit of its own, in milliseconds; default 5 s. */
  readonly limitMs?: number
  /**
   * How many milliseconds beyond its limit a question may take whose answer the system itself has yet to settle, once it
   * has shown that it answers (`Time.extend`).
   */
  patienceMs?(question: Question): number
  /** Whether a system of this kind can know anything about the question. */
  concerns(question: Question): boolean
  /** Whether the asset itself lives in a system of this kind, so that its `system` names one of these instances. */
  owns(asset: Asset): boolean
  /**
   * What of the question the answer depends on, and for how many seconds it may be given again: questions alike are
   * asked once in a storm. Null: every incident asks for itself.
   */
  shared(question: Question): { key: readonly (string | null)[]; seconds: number } | null
  /**
   * Evidence about `question.asset`. Gathering stamps each piece with the instance, redacts and caps it.
   * @throws AppError when it can't be asked (`unavailable` evidence is made of it), E_ASSET_UNKNOWN when it has nothing
   * of that name.
   */
  gather(question: Question, context: ConnectorContext): Promise<EvidenceDraft[]>
  /** The lightest question that proves address, credentials and rights. @throws AppError as `gather` */
  check(context: ConnectorContext): Promise<Health>
}
