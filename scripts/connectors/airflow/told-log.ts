import { AppError } from '../../lib/errors.ts'
import type { TaskInstance } from './answers.ts'
import type { Airflow } from './client.ts'
import type { ToldLog } from './evidence.ts'
import { logExcerpt } from './log-excerpt.ts'
import { logMs, logTail } from './session.ts'

/**
 * What of an instance's log is told. One that can't be read is missed, and does not take the rest with it. One whose end
 * did not come is no excerpt: what it ended by stands there, and an error at its start may be one that it got over.
 */
export async function toldLog(client: Airflow, instance: TaskInstance): Promise<ToldLog> {
  if (instance.try_number < 1) return { excerpt: null }
  try {
    const log = await client.log(instance)
    if (log === null) return { excerpt: null, problem: 'there is none' }
    const { lines, bytes, isWhole, hasEnd } = log
    const excerpt = logExcerpt(lines, client.redact)
    if (!hasEnd) {
      const came = `only the first ${spellBytes(bytes)} of it came within ${logMs / 1000} s`
      return { excerpt: null, problem: came, start: excerpt }
    }
    if (excerpt === '' && bytes > 0)
      return { excerpt: null, problem: `nothing in its ${spellBytes(bytes)} could be read` }
    return isWhole ? { excerpt } : { excerpt, cut: `of ${spellBytes(bytes)} the last ${spellBytes(logTail)} were read` }
  } catch (thrown) {
    if (thrown instanceof AppError) return { excerpt: null, problem: thrown.message }
    throw thrown
  }
}

/** `14 MiB`, `256 KiB`. */
function spellBytes(bytes: number): string {
  const mebi = bytes / 2 ** 20
  return mebi >= 1 ? `${Math.round(mebi)} MiB` : `${Math.ceil(bytes / 1024)} KiB`
}
