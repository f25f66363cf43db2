import type { Maintenance } from '../../scripts/workflow/maintenance.ts'

/** What a silence or a window is about, in one line. */
export function aboutOf({ asset, source, labels }: Pick<Maintenance, 'asset' | 'source' | 'labels'>): string {
  return [asset, source, ...Object.entries(labels).map((pair) => pair.join('='))].filter(Boolean).join(', ')
}
