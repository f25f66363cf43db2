import { describe, expect, it } from 'vitest'
import type { Alert } from '../../scripts/domain/alert.ts'
import { readDelivery } from '../../scripts/monitors/index.ts'
import { reversed } from '../support/keys.ts'
import { type DescribedMonitor, describedMonitors, type Expected } from './bodies.ts'

const read = (body: unknown) => readDelivery({ body, headers: {}, receivedAt: '2026-11-20T08:00:00.000Z' }).alerts

const identity = ({ fingerprint, asset, status }: Alert) => ({ fingerprint, asset, status })

/** Which case of a monitor says what, and whether the condition is the same: no file of its own is needed for either. */
describe.each(describedMonitors())('$theme', ({ monitors }) => {
  describe.each(monitors)('$monitor', ({ cases, same, different }: DescribedMonitor) => {
    const printsOf = (name: string) => {
      const found = cases.find((one) => one.name === name)
      if (found === undefined) throw new Error(`There is no case "${name}".`)
      return read(found.body).map(({ fingerprint }) => fingerprint)
    }

    it.each(cases)('reads "$name"', ({ body, expect: expected }) => {
      const alerts = read(body)
      expect(alerts).toHaveLength(expected.length)
      for (const [index, alert] of alerts.entries()) expect(faultsOf(alert, expected[index])).toEqual([])
      expect(read(reversed(body)).map(identity)).toEqual(alerts.map(identity))
    })

    it.each([...same])('knows %j and %j for one condition', (a, b) => {
      expect(printsOf(b)).toEqual(expect.arrayContaining(printsOf(a)))
    })

    it.each([...different])('tells %j and %j apart', (a, b) => {
      expect(printsOf(a).filter((print) => printsOf(b).includes(print))).toEqual([])
    })
  })
})

function faultsOf(alert: Alert, expected: Expected | undefined): string[] {
  if (expected === undefined) return ['not expected']
  const { status, severity, asset, title } = expected
  const name = alert.asset?.name ?? null
  return [
    [status].flat().includes(alert.status) ? [] : [`status ${alert.status}`],
    severity === undefined || severity.includes(alert.severity) ? [] : [`severity ${alert.severity}`],
    asset === undefined || [asset].flat().some((part) => (part === null ? name === null : name?.includes(part)))
      ? []
      : [`asset ${name}`],
    title === undefined || [title].flat().some((part) => alert.title.includes(part)) ? [] : [`title ${alert.title}`],
  ].flat()
}
