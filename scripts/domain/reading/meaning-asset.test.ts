import { describe, expect, it } from 'vitest'
import { draftByMeaning } from './alert-by-meaning.ts'
import { leavesOf } from './leaves.ts'

/** The asset and the check of a body that no adapter knows. */
function read(document: Record<string, unknown>) {
  const { asset, check, identity } = draftByMeaning({ document, leaves: leavesOf(document) })
  return { asset: asset && `${asset.kind} ${asset.name}`, check, identity }
}

describe('the asset of a body of any shape', () => {
  it.each([
    [
      'a name that the message speaks of, whatever its key',
      {
        title: 'Storage is filling up',
        message: "Volume 'Cold Archive' is 93 % full",
        meta: { volumeName: 'Cold Archive', pool: 'p1' },
      },
      'service cold archive',
    ],
    [
      'a thing in quotation marks behind a word for it',
      { title: "Mailbox 'Invoices In' did not answer" },
      'service invoices in',
    ],
    [
      'quotation marks of other scripts',
      { title: '数据库 “finance-dws-2” 的磁盘使用率已触发告警' },
      'service finance-dws-2',
    ],
    [
      'a table of a layer that the title names, before the project that holds it',
      { subject: 'Load of dim_customer failed', project: { name: 'Data office' } },
      'table dim_customer',
    ],
    [
      'a host that something is on',
      { event: 'trigger', message: 'Disk F: on SQLDWH-04 has 2 % free' },
      'host sqldwh-04',
    ],
    [
      'an id that people gave, under the thing it is of',
      { type: 'run.failed', object: { task: { id: 'sync-crm-contacts' }, machine: 'small-2x' } },
      'job sync-crm-contacts',
    ],
    [
      'a key that ends in one that names a thing',
      { alarm: 'replica lag', dimensions: { unInstanceId: 'cdb-4k2m' }, policy: 'lag' },
      'host cdb-4k2m',
    ],
    [
      'a name beside the name of its rule',
      { name: 'events-gateway', ruleName: 'success_rate_rule', message: 'Success rate is below 90 %' },
      'service events-gateway',
    ],
    [
      'a name of something that no list knows',
      { title: 'It does not answer', endpoint_name: 'pricing-api' },
      'service pricing-api',
    ],
    [
      'no stage, and not the group that something is in',
      { title: 'It does not answer', deployment: 'prod', group_name: 'BI' },
      null,
    ],
    [
      'no id of the run that it tells of',
      { title: 'It timed out', run_id: 'SqSxYkTd0', resource: { id: 'SqSxYkTd0' } },
      null,
    ],
    ['no column that is quoted', { title: "Unknown column 'p.level_id'" }, null],
  ])('is %s', (_, document, asset) => {
    expect(read(document).asset).toBe(asset)
  })
})

describe('the check of a body of any shape', () => {
  it('is the event without its outcome, whatever was the cause', () => {
    const failed = read({ event: 'sync.failed', collection_name: 'Help pages', error: 'token expired' })
    const again = read({ event: 'sync.failed', collection_name: 'Help pages', error: 'answered 500' })
    const well = read({ event: 'sync.completed', collection_name: 'Help pages' })
    expect([again, well]).toEqual([failed, failed])
  })

  it('leaves out what a machine called one run', () => {
    const checkOf = (id: string) => read({ title: `Execution ${id} of nightly-export is late` }).check
    expect(checkOf('7gWc2Rk0Lp')).toBe(checkOf('4bXz9Tn1Qs'))
  })
})
