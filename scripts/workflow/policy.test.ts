import { join } from 'node:path'
import { expect, it } from 'vitest'
import { policyOf } from './policy.ts'

const shipped = { DIM_CONFIG_DIR: join(import.meta.dirname, '../../config') }

it.each([
  ['alertmanager', 'notify'],
  ['plain/a-new-monitor', 'notify'],
  ['generic', 'notify'],
  // The three scenarios that the demo shows.
  ['plain/datadog', 'act'],
  ['plain/prometheus', 'act'],
  ['plain/cloudwatch', 'act'],
])('as it is shipped, %s is in mode %s', async (source, mode) => {
  expect(await policyOf(source, shipped)).toMatchObject({ mode })
})
