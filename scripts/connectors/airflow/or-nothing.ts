import { AppError } from '../../lib/errors.ts'

/** What is missing explains less; it does not take the rest with it. */
export async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'E_HTTP_TIMEOUT') return null
    throw thrown
  }
}
