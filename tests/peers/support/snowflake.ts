import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import snowflake from 'snowflake-sdk'
import { freePort } from '../../../engine/postgres/system.ts'
import { startPeer } from './process.ts'
import { pythonEnvironment } from './python.ts'

/** fakesnow, a stand-in of Snowflake over DuckDB, reached by Snowflake's own driver. */
export interface FakeSnowflake {
  /** What the product is configured with to reach it. */
  settings: Record<string, string>
  /** Changes it, as whoever loads it would. */
  sql(statement: string): Promise<void>
  stop(): Promise<void>
}

/** Connector 5 is not what this fakesnow was made for. */
const requirements = [
  'fakesnow[server]==0.12.1',
  'snowflake-connector-python==4.8.1',
  'duckdb==2.0.1',
  'sqlglot==30.22.0',
]

export async function startFakeSnowflake(): Promise<FakeSnowflake> {
  const python = await pythonEnvironment({ name: 'fakesnow', requirements })
  const folder = await mkdtemp(join(tmpdir(), 'dim-fakesnow-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const peer = await startPeer({
    name: 'fakesnow',
    command: python.python,
    args: [join(import.meta.dirname, 'fakesnow-server.py'), String(port)],
    folder,
    logFile: join(folder, 'fakesnow.log'),
    readyUrl: `${url}/ready`,
  })
  snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false })
  const loader = snowflake.createConnection({ account: 'fake', accessUrl: url, username: 'loader', password: 'loader' })
  await new Promise<void>((resolve, reject) => loader.connect((fault) => (fault ? reject(fault) : resolve())))
  return {
    settings: {
      SNOWFLAKE_ACCOUNT: url,
      SNOWFLAKE_USERNAME: 'incident_reader',
      SNOWFLAKE_PASSWORD: 'stand-in-password',
      SNOWFLAKE_WAREHOUSE: 'fakesnow_warehouse',
      SNOWFLAKE_DATABASE: 'shop',
    },
    sql(sqlText) {
      return new Promise((resolve, reject) => {
        loader.execute({ sqlText, complete: (fault) => (fault ? reject(fault) : resolve()) })
      })
    },
    async stop() {
      await new Promise((resolve) => loader.destroy(resolve))
      await peer.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
