import { AppError } from '../lib/errors.ts'

/**
 * The work's result, or null when it came too late: the incident ended, or another execution took over. That is no
 * failure; whoever was faster has done what there was to do.
 */
export async function unlessSuperseded<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'E_LEASE_LOST') return null
    throw thrown
  }
}
