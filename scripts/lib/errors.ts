/** Every error the product names: what it means to whoever reads it, and whether trying again can help. */
export const errorCodes = {
  E_SETTING_MISSING: false,
  E_SETTING_INVALID: false,
  E_CONFIG_INVALID: false,
  E_PAYLOAD_UNREADABLE: false,
  E_PAYLOAD_NO_ALERT: false,
  E_STORE_UNAVAILABLE: true,
  E_STORE_NOT_MIGRATED: false,
  E_INCIDENT_UNKNOWN: false,
  E_LEASE_LOST: false,
  E_HTTP_STATUS: false,
  E_HTTP_BUSY: true,
  E_HTTP_TIMEOUT: true,
  E_HTTP_NETWORK: true,
  E_HTTP_ANSWER: false,
  E_HTTP_REDIRECT: false,
  E_SYSTEM_PAUSED: true,
  E_WAREHOUSE_ASLEEP: false,
  E_ANSWER_LATE: false,
  E_ANSWER_CUT: false,
  E_ACCESS_DENIED: false,
  E_ASSET_UNKNOWN: false,
  E_ASSET_DENIED: false,
  E_INSTANCE_UNCERTAIN: false,
  E_MODEL_UNAVAILABLE: true,
  E_MODEL_ANSWER: false,
  E_CHANNEL_REFUSED: false,
  E_FIX_REFUSED: false,
  E_APPROVAL_REFUSED: false,
  E_RELEASE_MISMATCH: false,
  E_UNEXPECTED: false,
} as const
export type ErrorCode = keyof typeof errorCodes

/** The one error type. `message` says what happened, `hint` what to do about it; neither holds a secret. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly retryable: boolean
  /** How long the other side asked to wait. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = hint
    this.retryable = options.retryable ?? errorCodes[code]
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Any thrown thing as an AppError; what is not one already becomes `E_UNEXPECTED`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new AppError('E_UNEXPECTED', message, 'This is a fault of the product: please report it with the log.', {
    cause: thrown,
  })
}
