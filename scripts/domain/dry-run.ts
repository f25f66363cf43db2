import type { Message } from './message.ts'
import { plainText } from './text.ts'

/** What a fix would do, as its own system said, or why that could not be learned. Text from anyone. */
export type DryRun = { dry_run: string } | { dry_run_fault: string }

/** More than this nobody reads on a phone; the incident's page has all of it. */
const longest = 600

/** What a message quotes of it. Null: its system has not answered yet, and may not have before the message leaves. */
export function quotedDryRun(made: DryRun | null): NonNullable<Message['dry_run']> {
  if (made === null) {
    return {
      known: false,
      text: 'Not known when this was sent. The incident’s page shows it once its system has answered.',
    }
  }
  if ('dry_run' in made) return { known: true, text: plainText(made.dry_run, longest) }
  return { known: false, text: plainText(`It could not be made: ${made.dry_run_fault}`, longest) }
}
