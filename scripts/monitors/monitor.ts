import type { Alert } from '../domain/alert.ts'

/** What came with the body. Header names are lower case. */
export interface Delivery {
  body: unknown
  headers: Readonly<Record<string, string>>
  /** When it was received, ISO-8601 UTC. The only clock an adapter knows. */
  receivedAt: string
}

/** Understands the webhooks of one monitor. Pure: the same delivery gives the same alerts, and is not changed. */
export interface Monitor {
  /** Registry key, the file's name, and `Alert.source`. */
  readonly name: string
  /** The vendor's page that documents the body. */
  readonly documentation: string
  /** Whether this body is this monitor's. Cheap; never throws. */
  recognises(delivery: Delivery): boolean
  /**
   * The alerts in the body; one body may carry many, in mixed states. A body that holds none (a handshake, a test
   * button, a success) gives an empty list. @throws AppError E_PAYLOAD_UNREADABLE when it breaks the monitor's shape.
   */
  parse(delivery: Delivery): Alert[]
}
