import type { Settings } from '../../scripts/lib/config.ts'
import type { Store } from '../../scripts/store/connection.ts'
import type { DeadLetter } from '../../scripts/store/dead-letters.ts'
import { replayDeadLetter } from '../../scripts/workflow/replay-dead-letter.ts'
import { taughtMonitorsOr } from '../../scripts/workflow/taught-monitors.ts'
import { log } from '../log.ts'
import { Refusal } from '../refusal.ts'

/** Takes a dead letter in again. @throws Refusal 409 that says why it stays */
export async function replay(store: Store, letter: DeadLetter, settings: Settings): Promise<void> {
  const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, log)
  const outcome = await replayDeadLetter(store, letter, taught, settings)
  if (outcome !== 'taken')
    throw new Refusal(409, `It stays a dead letter: ${outcome}.`, 'Nothing is lost: it is kept as it came.')
}
