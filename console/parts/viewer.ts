import type { ConsoleContext } from '../environment.ts'
import type { Viewer } from './layout.tsx'

/** Who looks at the page. */
export function viewerOf(context: ConsoleContext): Viewer {
  return { person: context.get('person'), csrf: context.get('csrf'), tenant: context.get('store').tenant }
}
