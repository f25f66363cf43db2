import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { findJdk, type Jdk } from './jdk.ts'
import { exists, isCode } from './kestra/files.ts'
import { withLock } from './kestra/lock.ts'
import { runMaven } from './kestra/maven.ts'

export interface BuildOptions {
  /** Such as `1.3.31`. */
  kestraVersion: string
  /** Where builds are kept, one folder each. May be shared by checkouts and used by several processes at once. */
  outputDir: string
  onProgress(text: string): void
}

export interface Build {
  folder: string
  jdk: Jdk
  kestraVersion: string
  /** The engine's own jar first. */
  classpath: string
  /** Classes as the JVM lays them out in memory: a start takes a third of the time. `null` until one was made. */
  archive: string | null
}

export const archiveName = 'engine.jsa'

const here = import.meta.dirname
const sources = ['pom.xml', 'src']

/** What each line of Kestra was compiled for. */
function neededJava(kestraVersion: string): number {
  if (!/^\d+\.\d+\.\d+$/.test(kestraVersion))
    throw new Error(`${kestraVersion} is no version of Kestra: give 1.3.31 or 2.0.0.`)
  return Number(kestraVersion.split('.')[0]) >= 2 ? 25 : 21
}

/**
 * The engine, compiled and with all its jars. Made once for each state of the sources, version of Kestra and JDK;
 * after that it takes milliseconds and starts no Maven.
 * @throws when a JDK or Maven is missing or the jars can't be had, with what to do
 */
export async function buildEngine(options: BuildOptions): Promise<Build> {
  const jdk = await findJdk(neededJava(options.kestraVersion))
  const key = await fingerprint(options.kestraVersion, jdk)
  const folder = join(options.outputDir, `kestra-${options.kestraVersion}-${key}`)
  const ready = await existing(folder, jdk, options.kestraVersion)
  if (ready) return ready
  await mkdir(options.outputDir, { recursive: true })
  const onWait = (): void => options.onProgress('Waiting for another process that builds the engine')
  return withLock(join(options.outputDir, 'build.lock'), onWait, async () => {
    const meanwhile = await existing(folder, jdk, options.kestraVersion)
    return meanwhile ?? make(folder, jdk, options)
  })
}

/** Built beside its place and moved there whole, so that nobody ever sees half of it. */
async function make(folder: string, jdk: Jdk, options: BuildOptions): Promise<Build> {
  const { kestraVersion, outputDir, onProgress } = options
  const partial = join(outputDir, `.partial-${randomBytes(6).toString('hex')}`)
  try {
    onProgress(`Fetching and compiling the engine for Kestra ${kestraVersion}`)
    await runMaven({ pom: join(here, 'pom.xml'), jdk, kestraVersion, buildDirectory: partial, onProgress })
    await writeFile(join(partial, 'complete'), '')
    await rm(folder, { recursive: true, force: true })
    await rename(partial, folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  const build = await existing(folder, jdk, kestraVersion)
  if (!build) throw new Error(`The build of the engine in ${folder} is not complete. Remove that folder and try again.`)
  return build
}

/** `null` when it is not there, or when a jar that it needs was removed since. */
async function existing(folder: string, jdk: Jdk, kestraVersion: string): Promise<Build | null> {
  try {
    await access(join(folder, 'complete'))
    const jars = (await readFile(join(folder, 'classpath.txt'), 'utf8')).trim()
    await Promise.all(jars.split(delimiter).map((jar) => access(jar)))
    const classpath = [join(folder, 'engine.jar'), jars].join(delimiter)
    const archive = join(folder, archiveName)
    return { folder, jdk, kestraVersion, classpath, archive: (await exists(archive)) ? archive : null }
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return null
    throw thrown
  }
}

async function fingerprint(kestraVersion: string, jdk: Jdk): Promise<string> {
  const hash = createHash('sha256').update(`${kestraVersion}\n${jdk.home}\n${jdk.fullVersion}\n`)
  for (const source of sources) {
    for (const file of await filesUnder(join(here, source))) {
      hash.update(`${relative(here, file)}\n`).update(await readFile(file))
    }
  }
  return hash.digest('hex').slice(0, 12)
}

async function filesUnder(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (thrown) {
    if (isCode(thrown, 'ENOTDIR')) return [path]
    throw thrown
  }
}
