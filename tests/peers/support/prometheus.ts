import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../engine/postgres/system.ts'
import { type StandIn, startStandIn } from '../../stand-ins/server.ts'
import { requirePackages } from './packages.ts'
import { type Peer, startPeer } from './process.ts'

/** Debian's Prometheus and Alertmanager, with a rule over values that the test sets. */
export interface Monitoring {
  /** How many hours old each dataset is; above six the rule fires, below it resolves. */
  setAge(dataset: string, hours: number): void
  /** What Alertmanager counted: notifications to the webhook, and those of them that failed. */
  notifications(): Promise<{ sent: number; failed: number }>
  /** What Alertmanager said of the webhook. */
  log(): Promise<string>
  stop(): Promise<void>
}

/**
 * A rule over several series, so that one notification holds several alerts. Intervals are as short as they may be:
 * a test waits for each of them.
 */
const rules = `
groups:
  - name: data
    rules:
      - alert: DatasetStale
        expr: dataset_age_hours > 6
        labels: { severity: critical, environment: production }
        annotations:
          summary: '{{ $labels.dataset }} is {{ $value }} hours old'
          runbook_url: https://wiki.example.com/runbooks/stale
`

/** Starts both, on 127.0.0.1 and free ports. Every notification goes to the webhook. */
export async function startMonitoring(folder: string, webhookUrl: string): Promise<Monitoring> {
  await requirePackages('prometheus', 'prometheus-alertmanager')
  const ages = new Map<string, number>()
  const exporter = await startStandIn(() => ({
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4' },
    body: [...ages].map(([dataset, hours]) => `dataset_age_hours{dataset="${dataset}"} ${hours}\n`).join(''),
  }))
  const started: { stop(): Promise<void> }[] = [{ stop: () => exporter.close() }]
  const stop = async () => {
    for (const one of started.splice(0).reverse()) await one.stop()
  }
  try {
    const alertmanager = await startAlertmanager(join(folder, 'alertmanager'), webhookUrl)
    started.push(alertmanager.peer)
    started.push(await startPrometheus(join(folder, 'prometheus'), { exporter, alertmanager: alertmanager.host }))
    return {
      setAge: (dataset, hours) => ages.set(dataset, hours),
      notifications: () => countNotifications(alertmanager.host),
      log: () => alertmanager.peer.log(),
      stop,
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

async function startAlertmanager(folder: string, webhookUrl: string): Promise<{ peer: Peer; host: string }> {
  await mkdir(folder, { recursive: true })
  const host = `127.0.0.1:${await freePort()}`
  const configuration = `
route: { receiver: incidents, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h }
receivers:
  - name: incidents
    webhook_configs: [{ url: '${webhookUrl}', send_resolved: true }]
`
  await writeFile(join(folder, 'alertmanager.yml'), configuration)
  const peer = await startPeer({
    name: 'Alertmanager',
    command: 'prometheus-alertmanager',
    args: [
      '--config.file=alertmanager.yml',
      '--storage.path=data',
      `--web.listen-address=${host}`,
      // Alone, and not on the port by which several find each other.
      '--cluster.listen-address=',
      '--log.level=debug',
    ],
    folder,
    logFile: join(folder, 'alertmanager.log'),
    readyUrl: `http://${host}/-/ready`,
  })
  return { peer, host }
}

async function startPrometheus(
  folder: string,
  { exporter, alertmanager }: { exporter: StandIn; alertmanager: string },
): Promise<Peer> {
  await mkdir(folder, { recursive: true })
  const host = `127.0.0.1:${await freePort()}`
  const configuration = `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }
scrape_configs:
  - job_name: datasets
    static_configs: [{ targets: ['${new URL(exporter.url).host}'] }]
`
  await writeFile(join(folder, 'prometheus.yml'), configuration)
  await writeFile(join(folder, 'rules.yml'), rules)
  return startPeer({
    name: 'Prometheus',
    command: 'prometheus',
    args: ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${host}`],
    folder,
    logFile: join(folder, 'prometheus.log'),
    readyUrl: `http://${host}/-/ready`,
  })
}

async function countNotifications(host: string): Promise<{ sent: number; failed: number }> {
  const text = await (await fetch(`http://${host}/metrics`)).text()
  const count = (name: string) => {
    const lines = [...text.matchAll(new RegExp(`^${name}\\{[^}]*integration="webhook"[^}]*\\} (\\S+)$`, 'gm'))]
    return lines.reduce((sum, line) => sum + Number(line[1]), 0)
  }
  return { sent: count('alertmanager_notifications_total'), failed: count('alertmanager_notifications_failed_total') }
}
