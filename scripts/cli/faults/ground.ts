import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildTasks } from '../../../engine/bundle.ts'
import { startPostgres } from '../../../engine/postgres.ts'
import { stateFolder } from '../../../engine/state.ts'
import type { Store } from '../../store/connection.ts'
import { migrate } from '../../store/migrate.ts'
import { sql } from '../../store/sql.ts'

const home = join(import.meta.dirname, '..', '..', '..')

/** A store of its own, the tasks as they are deployed, and a policy under which what is to be killed is let run. */
export interface Ground {
  databaseUrl: string
  /** The folder of configuration under which people are told there. */
  configFor(destinations: readonly string[]): Promise<string>
  stop(): Promise<void>
}

export async function prepareGround(onProgress: (text: string) => void): Promise<Ground> {
  onProgress('Bundling the tasks')
  await buildTasks()
  const stateDir = await stateFolder(home, 'faults')
  const postgres = await startPostgres({ stateDir, fresh: true, onProgress })
  await migrate(postgres.ownerUrl)
  const folders = await mkdtemp(join(tmpdir(), 'dim-faults-'))
  return {
    databaseUrl: postgres.appUrl,
    configFor: (destinations) => writeConfiguration(join(folders, 'config-'), destinations),
    async stop() {
      await postgres.stop()
      await rm(folders, { recursive: true, force: true })
    },
  }
}

/** Writes the configuration that faults are tried under into a new folder, and answers it. */
export async function writeConfiguration(prefix: string, destinations: readonly string[]): Promise<string> {
  const folder = await mkdtemp(prefix)
  const allow = '["airflow_clear_task:dag=*"]'
  await writeFile(join(folder, 'policy.yaml'), `mode: act\nauto_fix: true\nallow: ${allow}\n`)
  await writeFile(join(folder, 'catalog.yaml'), 'assets: []\n')
  await writeFile(join(folder, 'routing.yaml'), `routes:\n  - { name: all, tell: ${JSON.stringify(destinations)} }\n`)
  return folder
}

/**
 * Lets the leases and waits of a tenant run out: what a killed process held is held for minutes, and a fault is tried
 * hundreds of times.
 */
export async function passTime(store: Store, seconds: number): Promise<void> {
  const by = sql`make_interval(secs => ${seconds})`
  await store.transaction(async (query) => {
    await query.run(sql`update actions set not_before = not_before - ${by}`)
    await query.run(sql`update due set due_at = due_at - ${by}, lease_until = lease_until - ${by}`)
    await query.run(sql`update paces set used_until = used_until - ${by}`)
  })
}
