import pg from 'pg'
import type { Store } from '../../scripts/store/connection.ts'
import { giveFeedback } from '../../scripts/store/feedback.ts'
import { closeIncident } from '../../scripts/store/incidents.ts'
import { addModelUsage } from '../../scripts/store/model-usage.ts'
import { acknowledgeIncident } from '../../scripts/workflow/acknowledge.ts'
import { letTimePass } from './store.ts'
import { type Story, tell } from './stories.ts'

const days = 28
const minute = 60_000
const partsOfDay = 4

/** What comes back again and again: title, source, asset, owner. */
const conditions = [
  ['fct_orders is 3 h older than promised', 'dbt-cloud', 'prod.finance.fct_orders', 'analytics-engineering'],
  ['null rate of email above 5 %', 'great-expectations', 'prod.crm.contacts', 'customer-analytics'],
  ['stripe_charges failed to sync', 'fivetran', 'prod.finance.stripe_charges', 'data-integration'],
  ['orders has fewer rows than on other days', 'monte-carlo', 'prod.shop.orders', 'commerce-data'],
  ['load_sessions runs longer than usual', 'airflow', 'prod.web.sessions', 'data-platform'],
] as const

/** Four weeks of incidents that are over, told, acknowledged and judged, so that figures have something to show. */
export async function tellPastWeeks(store: Store, ownerUrl: string): Promise<void> {
  for (let day = days; day >= 1; day -= 1) {
    // More on some days than on others, and the same at every run.
    for (let nth = 0; nth < partsOfDay; nth += 1) {
      if (nth <= (day * 5) % 3) await tellOne(store, day, nth)
      await letTimePass(store, (1440 / partsOfDay) * minute)
    }
  }
  await ageAlerts(store.tenant, ownerUrl)
  await addModelUsage(store, { calls: 6, tokens: 29_412, costUsd: 0.0192 })
}

/** Alerts are what the product may not move: they came when their incident began. As the owner, in a test's database. */
async function ageAlerts(tenant: string, ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query("select set_config('dim.tenant', $1, false)", [tenant])
    await client.query(
      `update alerts set received_at = opened_at from incidents
       where incidents.tenant = alerts.tenant and incidents.id = alerts.incident`,
    )
  } finally {
    await client.end()
  }
}

async function tellOne(store: Store, day: number, nth: number): Promise<void> {
  const kind = (day * 3 + nth * 2) % conditions.length
  const isTold = (day + nth) % 3 !== 0
  const id = await tell(store, storyOf(day, nth, kind, isTold))
  if (isTold) {
    await letTimePass(store, (4 + ((day * 7) % 11)) * minute)
    await acknowledgeIncident(store, id, 'ann')
    await letTimePass(store, (12 + ((day * 13) % 40)) * minute)
    await store.transaction((query) => closeIncident(query, id, 'manual', { who: 'ann', why: 'loaded again' }))
  }
  if (day % 4 === 0) {
    const verdict = isTold && day === 16 ? 'false_alarm' : 'right'
    await giveFeedback(store, { incident: id, verdict, note: '', who: 'ann' })
  }
}

function storyOf(day: number, nth: number, kind: number, isTold: boolean): Story {
  const [title, source, told, owner] = conditions[kind] ?? conditions[0]
  // What was dismissed is not over: a further alert about the same asset would fold into it.
  const asset = isTold ? told : `${told}_${day}_${nth}`
  return {
    name: `past-${day}-${nth}`,
    minutesAgo: 0,
    firings: 1 + ((day * 3 + nth) % 5),
    webhookKey: source === 'fivetran' ? 'previous' : 'current',
    alert: {
      title,
      source,
      severity: kind % 2 === 0 ? 'HIGH' : 'MEDIUM',
      asset: { kind: 'table', name: asset },
      fingerprint: `past:${asset}`,
    },
    evidence: [
      {
        id: 'ev_1',
        source: 'catalog',
        kind: 'catalog_entry',
        asset,
        summary: `${asset} is tier 2, owned by ${owner}.`,
        data: { asset, owner, tier: 2 },
      },
    ],
    decision: isTold
      ? { root_cause: `${title}.`, recommended_action: 'notify_team' }
      : { root_cause: 'Within what is normal there.', recommended_action: 'dismiss', is_incident: false },
  }
}
