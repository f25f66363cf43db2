import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toAppError } from '../lib/errors.ts'
import { parseJson } from '../lib/json.ts'
import { Scenario } from './evaluation.ts'

/** The scenarios of a folder, by file name, and one line for each file that is none. Folders within it are not read. */
export async function readScenarios(folder: string): Promise<{ scenarios: Scenario[]; broken: string[] }> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  const scenarios: Scenario[] = []
  const broken: string[] = files.length === 0 ? [`${folder} holds no scenario.`] : []
  for (const file of files) {
    try {
      const read = Scenario.safeParse(parseJson(await readFile(join(folder, file), 'utf8')))
      if (read.success) scenarios.push(read.data)
      else broken.push(`${file}: ${read.error.issues.map(spell).join('; ')}`)
    } catch (thrown) {
      broken.push(`${file}: ${toAppError(thrown).message}`)
    }
  }
  return { scenarios, broken }
}

function spell({ path, message }: { path: PropertyKey[]; message: string }): string {
  return `${path.join('.')}: ${message}`
}
