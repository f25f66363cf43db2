import { AppError } from '../../lib/errors.ts'
import { HttpStatusError } from '../../lib/http.ts'

/** A fix that was not run, for people to look at. `where`: the system as it is called in a sentence. */
export function refusedBy(where: string) {
  return (message: string, cause?: unknown): AppError =>
    new AppError('E_FIX_REFUSED', message, `A person has to look at it in ${where}.`, { cause })
}

/**
 * Runs the one call that changes something. What the system refuses (4xx) is E_FIX_REFUSED: nothing was done. A timeout,
 * a broken connection or a 5xx stay what they are, retryable, and mean that nobody knows: ask `wasDone`.
 */
export async function changing<T>(where: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (thrown) {
    if (thrown instanceof HttpStatusError && !thrown.retryable && thrown.status < 500) {
      throw refusedBy(where)(`${where} refused it with ${thrown.status}.`, thrown)
    }
    if (thrown instanceof AppError && thrown.code === 'E_HTTP_ANSWER') {
      // It was taken; only the answer makes no sense.
      throw new AppError(thrown.code, thrown.message, thrown.hint, { cause: thrown, retryable: true })
    }
    throw thrown
  }
}
