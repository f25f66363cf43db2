import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { z } from 'zod'
import type { Incident } from '../../scripts/domain/incident.ts'
import type { DueKind } from '../../scripts/domain/schedule.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import { parseJson } from '../../scripts/lib/json.ts'
import { type ActionRow, loadActions } from '../../scripts/store/actions.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { loadIncident } from '../../scripts/store/incidents.ts'
import type { Received } from '../../scripts/store/receive.ts'
import { sql } from '../../scripts/store/sql.ts'
import { analyzeIncident } from '../../scripts/workflow/analyze.ts'
import { type Turn, tick } from '../../scripts/workflow/clock.ts'
import { deliverMessages } from '../../scripts/workflow/deliver.ts'
import { runFix, verifyFix } from '../../scripts/workflow/fix.ts'
import { gatherIncident } from '../../scripts/workflow/gather.ts'
import { ingest } from '../../scripts/workflow/ingest.ts'
import { previewFix } from '../../scripts/workflow/preview-fix.ts'
import { type Routed, routeIncident } from '../../scripts/workflow/route.ts'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../stand-ins/airflow.ts'
import { type SlackStandIn, startSlack, textOf } from '../stand-ins/slack.ts'
import { letTimePass, useTestStore } from './store.ts'

const home = join(import.meta.dirname, '..', '..')
const config = join(home, 'config')

export type Scenario = 'schema_drift' | 'false_positive' | 'dag_timeout'

/** The product without its engine: a tenant of its own, stand-ins at the network's edge, the flows' steps as calls. */
export interface World {
  store: Store
  slack: SlackStandIn
  airflow: AirflowStandIn
  settings: Settings
  /** What the clock logged. */
  logged: string[]
  /** Takes a body in, as an execution of its own unless one is named. */
  fire(body: unknown, execution?: string): Promise<Received>
  /** Takes a body in that opens an incident, or has one decided again; answers the incident. */
  open(body: unknown): Promise<string>
  /** gather → analyze → route, as `incident_analyzer` runs them; null when there is nothing to analyse. */
  decide(incident: string, execution?: string): Promise<Routed | null>
  /** Sends what is to be sent about the incident, as `notify_slack` does. */
  notify(incident: string): ReturnType<typeof deliverMessages>
  /** Keeps what the fix that waits would do and asks people for it, as `auto_remediate` does. */
  ask(incident: string): Promise<void>
  /** Runs and verifies the fix and tells people, as `auto_remediate` does. */
  fix(incident: string): Promise<string>
  /** All of it, as the flows hang together. Answers the incident. */
  handle(body: unknown): Promise<string>
  /** One turn of the clock. */
  turn(changes?: Settings): Promise<Turn>
  /** Makes one due row due, and takes a turn. */
  whenDue(kind: DueKind, subject: string): Promise<Turn>
  pass(ms: number): Promise<void>
  incident(id: string): Promise<Incident>
  /** The messages about an incident that Slack has taken, as people read them. */
  told(incident: string): string[]
  messages(incident: string): Promise<ActionRow[]>
  /** The kinds of due rows of a subject. */
  due(subject: string): Promise<string[]>
}

/** Settings beyond those of the stand-ins, and texts of files in `config` in place of the shipped ones. */
export interface WorldChanges {
  settings?: Settings
  policy?: string
  catalog?: string
  routing?: string
  systems?: string
  /** Stands between the product and the tenant's store, to see what is asked of it. */
  watch?: (store: Store) => Store
}

/** `world()` starts one; whatever it started ends with the test. Policy and settings are the shipped example's. */
export function useWorlds(): {
  database: ReturnType<typeof useTestStore>['database']
  world(changes?: WorldChanges): Promise<World>
} {
  const { tenant, database } = useTestStore()
  const endings: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  return {
    database,
    async world({ settings = {}, policy, catalog, routing, systems, watch = (own: Store) => own } = {}) {
      const [slack, airflow] = await Promise.all([startSlack(), startAirflow({ dags: [dailyEltPipeline()] })])
      endings.push(slack.close, airflow.close)
      let folder = config
      if ([policy, catalog, routing, systems].some((text) => text !== undefined)) {
        const own = await mkdtemp(join(tmpdir(), 'dim-config-'))
        endings.push(() => rm(own, { recursive: true }))
        for (const [name, text] of Object.entries({ policy, catalog })) {
          const file = join(own, `${name}.yaml`)
          await (text === undefined ? copyFile(join(config, `${name}.yaml`), file) : writeFile(file, text))
        }
        if (routing !== undefined) await writeFile(join(own, 'routing.yaml'), routing)
        if (systems !== undefined) await writeFile(join(own, 'systems.yaml'), systems)
        folder = own
      }
      return worldOf(watch(tenant()), slack, airflow, {
        SLACK_WEBHOOK_URL: slack.webhookUrl,
        ...airflow.settings,
        DIM_CONFIG_DIR: folder,
        ...settings,
      })
    },
  }
}

let executions = 0
const nextExecution = () => {
  executions += 1
  return `execution-${executions}`
}

function worldOf(store: Store, slack: SlackStandIn, airflow: AirflowStandIn, settings: Settings): World {
  const logged: string[] = []
  const world: World = {
    store,
    slack,
    airflow,
    settings,
    logged,
    fire: (body, execution = nextExecution()) => ingest(store, asHandedOver(body, execution), [], settings),
    async open(body) {
      const { incident } = await world.fire(body)
      if (incident === null) throw new Error('The body opened no incident.')
      return incident
    },
    async decide(incident, execution = nextExecution()) {
      const now = new Date()
      if (!(await gatherIncident(store, incident, execution, settings, now))) return null
      await analyzeIncident(store, incident, execution, settings, now)
      return routeIncident(store, incident, execution, settings, now)
    },
    notify: (incident) => deliverMessages(store, settings, { incident, limit: 20 }),
    async ask(incident) {
      if (!(await previewFix(store, incident, settings))) throw new Error(`No fix of ${incident} waits for approval.`)
      await world.notify(incident)
    },
    async fix(incident) {
      const { outcome } = await runFix(store, incident, settings)
      if (outcome === 'done') await verifyFix(store, incident, settings, { patienceMs: 10_000, pauseMs: 5 })
      await world.notify(incident)
      return outcome
    },
    async handle(body) {
      const incident = await world.open(body)
      const routed = await world.decide(incident)
      if (routed?.asks) await world.ask(incident)
      else if (routed?.next === 'notify') await world.notify(incident)
      if (routed?.next === 'fix') await world.fix(incident)
      return incident
    },
    turn: (changes = {}) =>
      tick(store, {
        settings: { ...settings, ...changes },
        namespace: store.tenant,
        limitMs: 20_000,
        log: (level, text) => logged.push(`${level} ${text}`),
      }),
    async whenDue(kind, subject) {
      const moved = await store.transaction((query) =>
        query.run(sql`update due set due_at = now(), lease_until = null where kind = ${kind} and subject = ${subject}`),
      )
      if (moved !== 1) throw new Error(`No ${kind} is due for ${subject}.`)
      return world.turn()
    },
    pass: (ms) => letTimePass(store, ms),
    incident: async (id) => (await loadIncident(store, id)).incident,
    told: (incident) => slack.messages.map(textOf).filter((text) => text.includes(incident)),
    messages: async (incident) => (await loadActions(store, incident)).filter(({ message }) => message !== null),
    async due(subject) {
      const rows = await store.transaction((query) =>
        query.rows(z.object({ kind: z.string() }), sql`select kind from due where subject = ${subject} order by kind`),
      )
      return rows.map(({ kind }) => kind)
    },
  }
  return world
}

/** A body as a flow hands it to its task. */
export function asHandedOver(body: unknown, execution: string) {
  return {
    executionId: execution,
    originalId: execution,
    body: JSON.stringify(body),
    headers: '{"Content-Type": ["application/json"]}',
    receivedAt: new Date(),
  }
}

/** The body of one of the classic scenarios, with changes. */
export async function scenario(name: Scenario, changes: object = {}): Promise<object> {
  const body = z.looseObject({}).parse(parseJson(await readFile(join(home, 'test_scenarios', `${name}.json`), 'utf8')))
  return { ...body, ...changes }
}

/** An alert of a table that is late, in the plain shape; `source` decides the policy in force. */
export function lateTable(changes: object = {}): object {
  return {
    source: 'datadog',
    alert_id: 'late-1',
    title: 'Table shop.public.orders is late',
    severity: 'high',
    description: 'It should have been loaded by 06:00.',
    metric: { name: 'freshness_hours', value: 9, threshold: 3, table: 'shop.public.orders' },
    ...changes,
  }
}

/** Counts what the store holds for a tenant. */
export async function count(
  store: Store,
  table: 'raw_payloads' | 'alerts' | 'incidents' | 'decisions' | 'actions' | 'dead_letters' | 'tickets',
): Promise<number> {
  const tables = {
    raw_payloads: sql`select count(*)::int as count from raw_payloads`,
    alerts: sql`select count(*)::int as count from alerts`,
    incidents: sql`select count(*)::int as count from incidents`,
    decisions: sql`select count(*)::int as count from decisions where decision is not null`,
    actions: sql`select count(*)::int as count from actions`,
    dead_letters: sql`select count(*)::int as count from dead_letters`,
    tickets: sql`select count(*)::int as count from tickets`,
  }
  const row = await store.transaction((query) => query.first(z.object({ count: z.number() }), tables[table]))
  return row?.count ?? 0
}
