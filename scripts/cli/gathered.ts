import { registry } from '../connectors/index.ts'
import type { Evidence } from '../domain/evidence.ts'
import { oneLine } from '../domain/text.ts'

/** What it says, and for what could not be asked what to do about it. */
export function said({ summary, data }: Evidence): string {
  const hint = 'hint' in data && typeof data.hint === 'string' ? ` ${oneLine(data.hint, 160)}` : ''
  return `${oneLine(summary, 160)}${hint}`
}

/** How a system comes to be configured that could have known something. */
export function toConfigure(name: string): string {
  const entry = Object.hasOwn(registry, name) ? registry[name] : undefined
  if (!entry) return 'The alert names it: give it a place in config/systems.yaml, or an alias to one that is there.'
  const ways = [
    ...(entry.setting ? [`set ${entry.setting}`] : []),
    ...(entry.kinds.length > 0 ? [`name one of kind ${entry.kinds.join(', ')} in config/systems.yaml`] : []),
  ]
  return `To have it asked, ${ways.join(', or ')}.`
}
