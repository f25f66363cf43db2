import type { Message } from '../domain/message.ts'

/** What came of a delivery. `unknown`: it may or may not have arrived (a timeout, a connection that broke). */
export type Delivery =
  | { outcome: 'sent'; reference: string | null }
  | { outcome: 'refused'; reason: string }
  | { outcome: 'busy'; reason: string; retryAfterMs: number | null }
  | { outcome: 'unknown'; reason: string }

/** Brings a message to people. */
export interface Channel {
  /** Registry key and the file's name. */
  readonly name: string
  /** The settings it reads. */
  readonly settings: readonly string[]
  isConfigured(settings: Readonly<Record<string, string | undefined>>): boolean
  /** Never throws for what the other side does: that is an outcome. */
  send(
    message: Message,
    context: { settings: Readonly<Record<string, string | undefined>>; key: string; signal: AbortSignal },
  ): Promise<Delivery>
}
