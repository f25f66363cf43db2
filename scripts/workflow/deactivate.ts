import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import { deactivateAccount, isDeactivated, type RoleChange } from '../store/accounts.ts'
import type { Store } from '../store/connection.ts'
import { Ownership, ownedBy } from '../store/ownership.ts'
import { giveBackIncident } from './acknowledge.ts'
import { withdrawApproval } from './approval.ts'
import { readConfiguration } from './configuration.ts'

/** What hangs on one person, the lines of the team's files that name them included. */
export const Belongings = Ownership.extend({
  mentions: z.array(z.object({ file: z.string(), line: z.int(), text: z.string() })),
})
export type Belongings = z.infer<typeof Belongings>

const mostMentions = 200

/** What a person has in hand now, and where the files name them. */
export async function belongingsOf(store: Store, name: string, settings: Settings): Promise<Belongings> {
  const [owned, files] = await Promise.all([ownedBy(store, name), readConfiguration(settings)])
  const isWord = /[\w.@+-]/
  const names = (line: string) => {
    const text = line.toLowerCase()
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      if (!isWord.test(text.charAt(at - 1)) && !isWord.test(text.charAt(at + name.length))) return true
    }
    return false
  }
  const mentions = files.flatMap(({ name: file, text }) =>
    (text ?? '')
      .split('\n')
      .flatMap((line, index) => (names(line) ? [{ file, line: index + 1, text: line.trim() }] : [])),
  )
  return { ...owned, mentions: mentions.slice(0, mostMentions) }
}

/**
 * Ends a person's access at once: sessions, tokens, one-time link, and every approval of theirs. What waited for them
 * alone is refused and people are told; what they approved and has not begun does not begin; what they had taken on is
 * nobody's again, so that its reminders go on. Answers what they had. Again it finishes what was left.
 */
export async function deactivatePerson(
  store: Store,
  { name, by }: { name: string; by: string },
  settings: Settings,
): Promise<Belongings | Exclude<RoleChange, 'changed'>> {
  const had = await belongingsOf(store, name, settings)
  const outcome = await deactivateAccount(store, name, by)
  const isOver = outcome === 'unknown' && (await isDeactivated(store, name))
  if (outcome !== 'changed' && !isOver) return outcome
  const why = `${name} was deactivated`
  for (const { incident, alone } of had.approvals) {
    if (alone) await withdrawApproval(store, { incident, who: by, why: `${why}, who alone could approve it` }, settings)
  }
  for (const { id } of had.incidents) await giveBackIncident(store, id, by, why)
  return had
}
