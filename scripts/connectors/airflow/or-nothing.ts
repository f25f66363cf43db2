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

/** As `orNothing`, for what has a short limit of its own: that it is late is no fault either. */
export async function orNothingInTime<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (thrown) {
    if (thrown instanceof AppError) return null
    throw thrown
  }
}
