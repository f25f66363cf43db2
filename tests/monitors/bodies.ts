import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { isObject } from '../../scripts/domain/reading/value.ts'
import { parseJson } from '../../scripts/lib/json.ts'

/** What a person sees in an alert. What is left out, the body leaves open. */
const Expected = z.strictObject({
  status: z.union([z.string(), z.array(z.string())]),
  severity: z.array(z.string()).optional(),
  /** The asset's name contains one of these; null: there may be none. */
  asset: z.union([z.string(), z.array(z.string().nullable())]).optional(),
  title: z.union([z.string(), z.array(z.string())]).optional(),
})
export type Expected = z.infer<typeof Expected>

/** A body, or another one with some values changed (by JSON pointer), and each alert that it holds. */
const Case = z.strictObject({
  body: z.unknown().optional(),
  like: z.string().optional(),
  with: z.record(z.string().startsWith('/'), z.unknown()).default({}),
  expect: z.union([Expected, z.array(Expected)]),
})
const Entry = z.strictObject({
  monitor: z.string(),
  documentation: z.url({ protocol: /^https$/ }),
  cases: z.record(z.string(), Case),
  /** Pairs of cases that tell of one condition, and pairs that must not meet. */
  same: z.array(z.tuple([z.string(), z.string()])),
  different: z.array(z.tuple([z.string(), z.string()])),
})

export interface DescribedMonitor {
  monitor: string
  cases: readonly { name: string; body: unknown; expect: readonly Expected[] }[]
  same: readonly (readonly [string, string])[]
  different: readonly (readonly [string, string])[]
}

const folder = join(import.meta.dirname, '__fixtures__')

/** The monitors of one file each theme, written from the vendors' documented shapes, and labelled by hand. */
export function describedMonitors(): { theme: string; monitors: DescribedMonitor[] }[] {
  return readdirSync(folder).map((file) => ({
    theme: basename(file, '.json'),
    monitors: z
      .array(Entry)
      .parse(parseJson(readFileSync(join(folder, file), 'utf8')))
      .map(withBodies),
  }))
}

function withBodies({ monitor, cases, same, different }: z.infer<typeof Entry>): DescribedMonitor {
  const bodyOf = (name: string): unknown => {
    const one = cases[name]
    if (one === undefined) throw new Error(`${monitor} has no case "${name}".`)
    const base = one.like === undefined ? one.body : bodyOf(one.like)
    return Object.entries(one.with).reduce((body, [pointer, value]) => changed(body, pointer, value), base)
  }
  return {
    monitor,
    cases: Object.entries(cases).map(([name, { expect }]) => ({ name, body: bodyOf(name), expect: [expect].flat() })),
    same,
    different,
  }
}

/** A copy with the value at a JSON pointer. */
function changed(body: unknown, pointer: string, value: unknown): unknown {
  const [, key = '', ...rest] = pointer.split('/')
  const inner = (found: unknown) => (rest.length === 0 ? value : changed(found, `/${rest.join('/')}`, value))
  if (Array.isArray(body)) return body.with(Number(key), inner(body[Number(key)]))
  return isObject(body) ? { ...body, [key]: inner(body[key]) } : { [key]: inner(undefined) }
}
