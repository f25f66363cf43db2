import type { Alert, Asset, Category } from '../domain/alert.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'

/** What is to be found out. */
export interface Question {
  asset: Asset | null
  category: Category
  environment: string | null
  /** The alerts of the incident, oldest first. */
  alerts: readonly Alert[]
  now: Date
}

/** What a connector may use. `signal` ends with the connector's own time limit. */
export interface ConnectorContext {
  settings: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
}

/** Asks one system, read-only, and answers in evidence. */
export interface Connector {
  /** Registry key and the file's name. */
  readonly name: string
  /** The settings it reads. */
  readonly settings: readonly string[]
  /** Whether enough is set to ask it. Not configured is no fault and blocks nothing. */
  isConfigured(settings: Readonly<Record<string, string | undefined>>): boolean
  /** Whether this system can know anything about the question. */
  concerns(question: Question): boolean
  /** @throws AppError when it can't be asked; the caller turns that into `unavailable` evidence. */
  gather(question: Question, context: ConnectorContext): Promise<EvidenceDraft[]>
}
