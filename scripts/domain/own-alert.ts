import type { Alert, Category, Severity } from './alert.ts'
import { fingerprint } from './fingerprint.ts'
import { assetOf } from './reading/asset.ts'
import { oneLine, plainText } from './text.ts'

/** The source of what the product itself noticed. */
export const ownSource = 'dim'

/** An alert of our own: nobody posted it, and no model is needed to judge it. */
export function ownAlert(of: {
  check: string
  status: Alert['status']
  title: string
  description: string
  severity: Severity
  category: Category
  /** The source that it is about. */
  about: string
  now: Date
}): Alert {
  const asset = assetOf('service', of.about)
  return {
    source: ownSource,
    external_id: null,
    fingerprint: fingerprint({ source: ownSource, check: of.check, asset, environment: null }),
    status: of.status,
    title: oneLine(of.title, 300),
    description: plainText(of.description, 8000),
    severity: of.severity,
    category: of.category,
    environment: null,
    asset,
    started_at: of.status === 'firing' ? of.now.toISOString() : null,
    ended_at: of.status === 'resolved' ? of.now.toISOString() : null,
    received_at: of.now.toISOString(),
    url: null,
    labels: {},
    facts: [],
  }
}
