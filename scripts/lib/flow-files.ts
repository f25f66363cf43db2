import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

export interface FlowFile {
  /** Relative to the folder: `triggers/clock.yaml`. */
  path: string
  /** The file's name without its ending, which is the flow's id. */
  id: string
  source: string
}

/** Every flow under a folder, those that others call first, moved into the namespace. */
export async function readFlows(folder: string, namespace: string): Promise<FlowFile[]> {
  const names = await readdir(folder, { recursive: true })
  const paths = names.filter((name) => name.endsWith('.yaml')).sort()
  return Promise.all(
    paths.map(async (path) => {
      const source = await readFile(join(folder, path), 'utf8')
      return {
        path,
        id: basename(path, '.yaml'),
        source: source.replace(/^namespace: .*$/m, `namespace: ${namespace}`),
      }
    }),
  )
}
