import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { residentOf } from '../memory.ts'
import { mebibytes, type Section } from '../report.ts'

const wanted = 200
const limitBytes = 100 * 2 ** 20
/** So long they are held before memory is read: a keep-alive and several turns of the pulse pass. */
const heldMs = 25_000

export interface Connections {
  count: number
  before: number
  held: number
}

/** Opens live connections, as many browsers do, of all these people in turn, and holds them. */
export async function measureConnections(options: {
  url: string
  pid: number
  cookies: readonly string[]
  onProgress(text: string): void
}): Promise<Connections> {
  const { url, pid, cookies, onProgress } = options
  onProgress(`Holding ${wanted} live connections`)
  for (const cookie of cookies) await (await fetch(url, { headers: { cookie } })).text()
  const before = await residentOf(pid)
  const open: { destroy(): void }[] = []
  try {
    for (let count = 0; count < wanted; count += 1) {
      open.push(await connect(`${url}/live`, cookies[count % cookies.length] ?? ''))
    }
    await delay(heldMs)
    return { count: open.length, before, held: await residentOf(pid) }
  } finally {
    for (const one of open) one.destroy()
  }
}

/** Resolves when the first event is there. */
function connect(url: string, cookie: string): Promise<{ destroy(): void }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { cookie }, agent: false }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`/live answered ${answer.statusCode}.`))
      answer.once('data', () => resolve(asked))
      answer.on('error', () => {})
    })
    asked.on('error', reject)
    asked.end()
  })
}

export function connectionsSection({ count, before, held }: Connections): Section {
  const cost = Math.max(0, held - before)
  return {
    title: 'Live connections',
    header: ['open', 'before', 'held', 'cost', 'target', ''],
    rows: [
      [
        String(count),
        mebibytes(before),
        mebibytes(held),
        mebibytes(cost),
        `≤ ${mebibytes(limitBytes)}`,
        cost <= limitBytes ? 'met' : 'not met',
      ],
    ],
    notes: ['Resident set of the console’s process, connections of all tenants held for 25 s.'],
  }
}
