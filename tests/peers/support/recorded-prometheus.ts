import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../engine/postgres/system.ts'
import { run } from './command.ts'
import { requirePackages } from './packages.ts'
import { startPeer } from './process.ts'

/** A series of the recording: its value at every time. */
export interface RecordedSeries {
  name: string
  labels: Record<string, string>
  valueAt(at: Date): number
}

export interface RecordedPrometheus {
  readonly url: string
  readonly credentials: { username: string; password: string }
  stop(): Promise<void>
}

/** A sample each, from the hour on. */
export const sampleMs = 300_000
const credentials = { username: 'reader', password: 'reader-of-metrics' }
/** bcrypt of that, as its web configuration wants it. */
const hash = '$2b$04$ALkW8YL5QFEVUQkY2bbk3el4JubS6BGjBLjojtKu6ZCUrOg785shO'

/**
 * Debian's Prometheus on a recording of these series, which `promtool` has made into blocks; it scrapes nothing, wants a
 * log-in, and throws nothing away however old it is.
 */
export async function startRecordedPrometheus(
  folder: string,
  { series, from, until }: { series: readonly RecordedSeries[]; from: Date; until: Date },
): Promise<RecordedPrometheus> {
  await requirePackages('prometheus')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'recording.txt'), openMetrics(series, from, until))
  const blocks = ['create-blocks-from', 'openmetrics', '--quiet', '--max-block-duration=720h']
  const made = await run('promtool', ['tsdb', ...blocks, join(folder, 'recording.txt'), join(folder, 'data')])
  if (made.status !== 0) throw new Error(`promtool could not read the recording:\n${made.output.slice(-2000)}`)

  const host = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'prometheus.yml'), 'scrape_configs: []\n')
  await writeFile(join(folder, 'web.yml'), `basic_auth_users: { ${credentials.username}: '${hash}' }\n`)
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
  const peer = await startPeer({
    name: 'Prometheus',
    command: 'prometheus',
    args: [
      '--config.file=prometheus.yml',
      '--web.config.file=web.yml',
      '--storage.tsdb.path=data',
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=${host}`,
    ],
    folder,
    logFile: join(folder, 'prometheus.log'),
    readyUrl: `http://${host}/-/ready`,
    readyHeaders: { authorization: `Basic ${pair}` },
  })
  return { url: `http://${host}`, credentials, stop: () => peer.stop() }
}

/** https://prometheus.io/docs/specs/om/open_metrics_spec/ */
function openMetrics(series: readonly RecordedSeries[], from: Date, until: Date): string {
  const names = [...new Set(series.map(({ name }) => name))]
  const families = names.map((name) => {
    const lines = series.filter((one) => one.name === name).flatMap((one) => samples(one, from, until))
    return [`# TYPE ${name} gauge`, ...lines]
  })
  return `${[...families.flat(), '# EOF'].join('\n')}\n`
}

function samples({ name, labels, valueAt }: RecordedSeries, from: Date, until: Date): string[] {
  const said = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  const count = Math.floor((until.getTime() - from.getTime()) / sampleMs) + 1
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(from.getTime() + index * sampleMs)
    return `${name}{${said}} ${valueAt(at)} ${at.getTime() / 1000}`
  })
}
