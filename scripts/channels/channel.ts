import type { Message } from '../domain/message.ts'
import type { Settings } from '../lib/config.ts'

/**
 * What came of a delivery. `unknown`: it, or a part of it, may or may not have arrived (a timeout, a connection that
 * broke). `needless`: the channel has nothing to say about this.
 */
export type Delivery =
  /** `reference`: what later messages about the incident find it again by. */
  | { outcome: 'sent'; reference: string | null }
  | { outcome: 'refused'; reason: string }
  | { outcome: 'busy'; reason: string; retryAfterMs: number | null }
  | { outcome: 'unknown'; reason: string }
  | { outcome: 'needless'; reason: string }

/** All that a channel is told beside the message. */
export interface Sending {
  settings: Settings
  /** Names this message: the same at every attempt. */
  key: string
  /** Names the incident over all tenants: the same for all that is told about it. */
  subject: string
  /** Where in the channel; null: its default. */
  target: string | null
  /** The reference of what was told there about the incident before. */
  opened: string | null
  /** An attempt at this message, or at one before it, ended without an answer: it may be there. */
  inDoubt: boolean
  signal: AbortSignal
  /** Opens the store's own ticket of the incident, and answers its id. */
  openTicket(): Promise<string>
}

/** A place in a channel that is there no more. */
export interface GoneTarget {
  target: string
  /** `is archived`. */
  why: string
}

/** Brings a message to people. */
export interface Channel {
  /** Registry key and the file's name. */
  readonly name: string
  /** The settings it reads. */
  readonly settings: readonly string[]
  isConfigured(settings: Settings): boolean
  /**
   * What an unknown outcome leads to. `again`: a repetition does no harm, or the channel looks before it repeats.
   * `marked`: the other side can't be asked, so it is sent again and says so.
   */
  repeats(settings: Settings, target: string | null): 'again' | 'marked'
  /** What the other side allows for one target; null when it names no limit. */
  readonly pace: { everyMs: number; burst: number } | null
  /**
   * Which of these places are there no more; absent where the other side can't be asked. Null: not with these settings.
   * @throws AppError when it does not answer
   */
  gone?(targets: readonly string[], settings: Settings, signal: AbortSignal): Promise<GoneTarget[]> | null
  /** Never throws for what the other side does: that is an outcome. */
  send(message: Message, sending: Sending): Promise<Delivery>
}
