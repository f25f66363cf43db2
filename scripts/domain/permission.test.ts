import { describe, expect, test } from 'vitest'
import type { Evidence } from './evidence.ts'
import { allowRuleFor, environmentIn, freezeIn, objectionTo } from './permission.ts'
import { AllowEntry, PolicyFile, policyFor } from './policy.ts'

const act = { mode: 'act' as const, auto_fix: true }
const clear = 'airflow_clear_task' as const
const policy = (file: object) => policyFor(PolicyFile.parse(file), 'plain')
const now = new Date('2026-12-24T12:00:00Z')

describe('the allow-list', () => {
  test.each([
    ['airflow_clear_task:dag=daily_*', true],
    ['airflow_rerun_dag:dag=daily_*', false],
    ['airflow_clear_task:dag=daily', false],
    ['airflow_clear_task:dag=*', true],
  ])('%s', (entry, isAllowed) => {
    expect(allowRuleFor(policy({ ...act, allow: [entry] }), clear, 'daily_elt', null) !== null).toBe(isAllowed)
  })

  test('is empty by default: nothing is allowed', () => {
    expect(allowRuleFor(policy({}), clear, 'daily_elt', null)).toBeNull()
  })

  test.each([
    ['staging', true],
    ['Staging', true],
    ['production', false],
    // Nobody says where it is: then it is where most can be broken.
    [null, false],
  ])('in staging only: %s', (environment, isAllowed) => {
    const rule = { fix: 'airflow_clear_task:dag=*', environments: ['staging'] }
    const found = allowRuleFor(policy({ ...act, allow: [rule] }), clear, 'daily_elt', environment)
    expect(found !== null).toBe(isAllowed)
  })

  test('the first entry that covers a fix counts', () => {
    const careful = { fix: 'airflow_clear_task:dag=finance_*', approvers: ['ann'] }
    const { allow } = { allow: [careful, 'airflow_clear_task:dag=*'] }
    expect(allowRuleFor(policy({ ...act, allow }), clear, 'finance_daily', null)).toEqual(careful)
    expect(allowRuleFor(policy({ ...act, allow }), clear, 'sales_daily', null)).toEqual({ fix: allow[1] })
  })
})

test.each(['airflow_clear_task:dag=*', 'release_lock:table=*', 'dbt_retry:job=70', 'run_flow:flow=company.refresh_*'])(
  'an entry may read %s',
  (entry) => {
    expect(AllowEntry.parse(entry)).toBe(entry)
  },
)

test.each(['airflow_clear_task', 'drop_table:table=*', 'airflow_clear_task:host=*', 'release_lock:table='])(
  'an entry may not read %s',
  (entry) => {
    expect(AllowEntry.safeParse(entry).success).toBe(false)
  },
)

test.each<[string, object, RegExp | null]>([
  ['none', {}, null],
  ['one for good', { freeze: true }, /A freeze is in force/],
  ['one that is over', freezeOf('2026-12-01T00:00:00Z', '2026-12-24T12:00:00Z'), null],
  ['one that has begun', freezeOf('2026-12-24T12:00:00Z', '2027-01-02T00:00:00Z'), /“year-end” is in force until 2027/],
  ['one to come', freezeOf('2026-12-24T13:00:00+00:00', '2027-01-02T00:00:00Z'), null],
])('freeze: %s', (_, file, expected) => {
  const said = freezeIn(policy(file), now)
  if (expected) expect(said).toMatch(expected)
  else expect(said).toBeNull()
})

function freezeOf(from: string, until: string) {
  return { freezes: [{ name: 'year-end', from, until }] }
}

test.each([
  { freezes: [{ name: 'x', from: '2027-01-02T00:00:00Z', until: '2026-01-02T00:00:00Z' }] },
  { allow: [{ fix: 'airflow_clear_task:dag=*', approvers: [] }] },
  { allow: [{ fix: 'airflow_clear_task:dag=*', aprovers: ['ann'] }] },
  { max_fixes: { count: -1, hours: 1 } },
])('a policy that makes no sense is refused: %j', (file) => {
  expect(PolicyFile.safeParse(file).success).toBe(false)
})

describe('just before the run', () => {
  const remediation = { template: clear, target: 'daily_elt.load', params: {} }
  const allowed = { ...act, allow: ['airflow_clear_task:dag=daily_*'] }
  test.each<[string, object, RegExp | null]>([
    ['nothing stands against it', allowed, null],
    ['switched off', { ...allowed, auto_fix: false }, /switched off/],
    ['only told of', { ...allowed, mode: 'notify' }, /switched off/],
    ['not allowed any more', { ...allowed, allow: [] }, /does not allow/],
    ['protected, by its DAG', { ...allowed, protected: ['daily_*'] }, /protects daily_\*/],
    ['protected, by the asset', { ...allowed, protected: ['*.payments'] }, /protects \*\.payments/],
    ['frozen', { ...allowed, freeze: true }, /freeze/],
  ])('%s', (_, file, expected) => {
    const said = objectionTo(remediation, ['daily_elt', 'daily_elt.load', 'shop.payments'], null, policy(file), now)
    if (expected) expect(said).toMatch(expected)
    else expect(said).toBeNull()
  })
})

describe('the environment', () => {
  const entry = (source: 'catalog' | 'alert', environment: string, more: object = {}): Evidence => ({
    id: 'ev_1',
    source,
    kind: 'catalog_entry',
    summary: '',
    data: { asset: 'a', environment, ...more },
  })
  test.each<[string, Evidence[], string | null]>([
    ['as the catalogue says', [entry('catalog', 'Staging')], 'staging'],
    ['not as an alert says', [entry('alert', 'staging')], null],
    ['not when the catalogue names two', [entry('catalog', 'staging'), entry('catalog', 'production')], null],
    ['not when nobody does', [], null],
    ['not when only something made from it says so', [entry('catalog', 'staging', { below: 'b' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(environmentIn(evidence)).toBe(expected)
  })
})
