import { execFile } from 'node:child_process'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { exists } from './kestra/files.ts'

export interface Jdk {
  home: string
  /** The feature release, such as 21. */
  version: number
  /** As the JDK says it, such as `25.0.1+8`. */
  fullVersion: string
}

/** Folders whose entries are JDK homes, with what lies between entry and home. */
const collections: readonly { folder: string; inside?: string }[] = [
  { folder: '/usr/lib/jvm' },
  { folder: '/usr/lib64/jvm' },
  { folder: '/usr/java' },
  { folder: '/opt' },
  { folder: '/opt/java' },
  { folder: join(homedir(), '.sdkman', 'candidates', 'java') },
  { folder: join(homedir(), '.jdks') },
  { folder: join(homedir(), '.asdf', 'installs', 'java') },
  { folder: join(homedir(), '.local', 'share', 'mise', 'installs', 'java') },
  { folder: '/Library/Java/JavaVirtualMachines', inside: 'Contents/Home' },
  { folder: join(homedir(), 'Library', 'Java', 'JavaVirtualMachines'), inside: 'Contents/Home' },
  { folder: '/opt/homebrew/opt', inside: 'libexec/openjdk.jdk/Contents/Home' },
  { folder: '/usr/local/opt', inside: 'libexec/openjdk.jdk/Contents/Home' },
]

/**
 * The lowest JDK on this machine that is at least `minimum` and brings the compiler.
 * @throws when there is none, with what was found and what to install
 */
export async function findJdk(minimum: number): Promise<Jdk> {
  const found: Jdk[] = []
  const unfit: string[] = []
  for (const home of await candidates()) {
    const fullVersion = await versionOf(home)
    if (fullVersion === null) continue
    const version = featureOf(fullVersion)
    if (version < minimum) unfit.push(`${version} in ${home}`)
    else if (!(await exists(join(home, 'bin', 'javac')))) unfit.push(`${version} in ${home}, without the compiler`)
    else found.push({ home, version, fullVersion })
  }
  found.sort((left, right) => left.version - right.version)
  const lowest = found[0]
  if (lowest) return lowest
  const seen = unfit.length === 0 ? 'No Java was found' : `Found only Java ${unfit.join('; ')}`
  throw new Error(
    `${seen}, and this version of Kestra needs a JDK (not a JRE) of ${minimum} or newer. ` +
      `Install one, for example Eclipse Temurin ${minimum}, or set JAVA_HOME to one.`,
  )
}

/** Homes worth a look, each once: links such as /usr/lib/jvm/default-java lead to the same folder. */
async function candidates(): Promise<string[]> {
  const homes = new Set<string>()
  if (process.env.JAVA_HOME) await add(process.env.JAVA_HOME)
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const java = await realpath(join(folder, 'java')).catch(() => null)
    if (java) await add(dirname(dirname(java)))
  }
  for (const { folder, inside } of collections) {
    for (const entry of await readdir(folder).catch(() => [])) {
      await add(inside ? join(folder, entry, inside) : join(folder, entry))
    }
  }
  return [...homes]

  async function add(home: string): Promise<void> {
    const real = await realpath(home).catch(() => null)
    if (real && (await exists(join(real, 'bin', 'java')))) homes.add(real)
  }
}

/** From the `release` file, or by asking; `null` when it is no JDK or does not run. */
async function versionOf(home: string): Promise<string | null> {
  const release = await readFile(join(home, 'release'), 'utf8').catch(() => '')
  const stated = /^JAVA_RUNTIME_VERSION="([^"]+)"/m.exec(release) ?? /^JAVA_VERSION="([^"]+)"/m.exec(release)
  if (stated?.[1]) return stated[1]
  try {
    const { stderr } = await promisify(execFile)(join(home, 'bin', 'java'), ['-version'], { timeout: 20_000 })
    return /version "([^"]+)"/.exec(stderr)?.[1] ?? null
  } catch {
    return null
  }
}

/** 8 was called 1.8. */
function featureOf(fullVersion: string): number {
  const numbers = fullVersion.split(/[._+-]/).map(Number)
  return (numbers[0] === 1 ? numbers[1] : numbers[0]) || 0
}
