import { readdirSync, readFileSync } from 'node:fs'
import { parseJson } from './lib/json.ts'
import { redactDeep } from './lib/redact.ts'
import { readDelivery } from './monitors/index.ts'

const groups: Record<string, string[]> = {
  scenarios: ['schema_drift', 'false_positive', 'dag_timeout'].map((f) =>
    readFileSync(`test_scenarios/${f}.json`, 'utf8'),
  ),
  am: [readFileSync('scripts/monitors/__fixtures__/alertmanager/firing.json', 'utf8')],
  gen: [readFileSync('scripts/monitors/__fixtures__/generic/firing.json', 'utf8')],
  tiny: ['{"title":"Load failed","severity":"high"}'],
}
const only = process.argv[2]
for (const [n, texts] of Object.entries(groups)) {
  if (only && n !== only) continue
  for (const what of ['redact', 'all']) {
    const run = (k: number) => {
      const b = process.cpuUsage().user / 1000
      for (let i = 0; i < k; i++) {
        const t = texts[i % texts.length]!
        const body = parseJson(t)
        if (what === 'redact') redactDeep(body)
        if (what === 'all') readDelivery({ body, headers: {}, receivedAt: '2026-11-20T08:00:00.000Z' })
      }
      return process.cpuUsage().user / 1000 - b
    }
    run(1000)
    const ms = Math.min(run(3000), run(3000), run(3000))
    console.log(n, what, Math.round((3000 / ms) * 1000), '/s', ((ms / 3000) * 1000).toFixed(0), 'us')
  }
}
