import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The folder outside the checkout that holds what runs: the engine's jars and database, PostgreSQL's programs and data.
 * One a checkout, so that two never meet. As root it lies under /var/lib, because a database server never runs as root
 * and its user can't enter root's home.
 */
export async function stateFolder(checkout: string, name: string): Promise<string> {
  const own = createHash('sha256').update(checkout).digest('hex').slice(0, 8)
  const folder = join(stateRoot(), own, name)
  await mkdir(folder, { recursive: true })
  return folder
}

/** What all checkouts share: built engines, by version. */
export async function sharedFolder(name: string): Promise<string> {
  const folder = join(stateRoot(), name)
  await mkdir(folder, { recursive: true })
  return folder
}

function stateRoot(): string {
  const set = process.env.DIM_STATE_DIR
  if (set) return set
  if (process.getuid?.() === 0) return '/var/lib/data-incident-manager'
  const base = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state')
  return join(base, 'data-incident-manager')
}
