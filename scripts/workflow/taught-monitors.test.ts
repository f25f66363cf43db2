import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Alert } from '../domain/alert.ts'
import { readDelivery } from '../monitors/index.ts'
import { readTaughtMonitors, taughtMonitorsOr } from './taught-monitors.ts'

const example = join(import.meta.dirname, '..', '..', 'config', 'monitors.example.yaml')
const receivedAt = '2026-11-20T08:00:00.000Z'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-monitors-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const body = {
  tool: 'acme',
  stage: 'Production',
  findings: [
    {
      headline: 'Nulls in order_id',
      rule: { id: 'r-17' },
      where: { table: 'Shop.Public.Orders' },
      level: 'Blocker',
      phase: 'raised',
      seen: { first: '2026-11-20T07:00:00Z' },
      links: [
        { rel: 'docs', href: 'https://acme.example/docs' },
        { rel: 'self', href: 'https://acme.example/f/1' },
      ],
    },
    {
      headline: 'Nulls are gone',
      rule: { id: 'r-17' },
      where: { view: 'shop.public.orders' },
      level: 'nuisance',
      phase: 'gone',
    },
  ],
}

async function read(value: unknown, yaml?: string) {
  if (yaml === undefined) await copyFile(example, join(folder, 'monitors.yaml'))
  else await writeFile(join(folder, 'monitors.yaml'), yaml)
  return readDelivery({ body: value, headers: {}, receivedAt }, { taught: await readTaughtMonitors(folder) })
}

describe('a monitor that monitors.yaml teaches', () => {
  it('reads each alert by its paths, what they have in common, and its own words', async () => {
    const { monitor, alerts } = await read(body)
    expect(monitor).toBe('acme-checks')
    expect(alerts).toMatchObject([
      {
        source: 'generic',
        title: 'Nulls in order_id',
        status: 'firing',
        severity: 'CRITICAL',
        environment: 'production',
        asset: { kind: 'table', name: 'shop.public.orders' },
        started_at: '2026-11-20T07:00:00.000Z',
        url: 'https://acme.example/f/1',
        labels: { reported_source: 'acme-checks' },
      },
      { status: 'resolved', severity: 'LOW' },
    ])
    expect(alerts[1]?.fingerprint).toBe(alerts[0]?.fingerprint)
    for (const alert of alerts) expect(Alert.parse(alert)).toEqual(alert)
  })

  it('reads by meaning what its paths do not find, and says which', async () => {
    const finding = {
      title: 'Row count dropped',
      severity: 'critical',
      table: 'shop.public.orders',
      rule: { id: 'r-18' },
    }
    const { alerts } = await read({ tool: 'ACME', findings: [finding] })
    expect(alerts).toMatchObject([
      {
        title: 'Row count dropped',
        severity: 'CRITICAL',
        asset: { name: 'shop.public.orders' },
        labels: { mapping_missed: 'environment title asset severity status started_at url' },
      },
    ])
  })

  it.each([{ tool: 'other', title: 'x failed' }, [{ tool: 'acme', findings: [] }, { title: 'x failed' }]])(
    'leaves alone a body that is not meant: %j',
    async (other) => {
      expect((await read(other)).monitor).toBe('generic')
    },
  )

  it('has no alerts in a body whose list is empty', async () => {
    expect(await read({ tool: 'acme', findings: [] })).toEqual({ monitor: 'acme-checks', alerts: [] })
  })

  it('names the path that leads to something else than alerts', async () => {
    await expect(read({ tool: 'acme', findings: ['x'] })).rejects.toMatchObject({
      code: 'E_PAYLOAD_UNREADABLE',
      message: expect.stringContaining('$.findings[*]'),
    })
  })

  it('answers any body with valid alerts or a payload error', async () => {
    await copyFile(example, join(folder, 'monitors.yaml'))
    const taught = await readTaughtMonitors(folder)
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom('headline', 'rule', 'where', 'level', 'seen', 'links'), fc.jsonValue())),
        (findings) => {
          const { alerts } = readDelivery({ body: { tool: 'acme', findings }, headers: {}, receivedAt }, { taught })
          for (const alert of alerts) expect(Alert.parse(alert)).toEqual(alert)
        },
      ),
    )
  })
})

describe('a monitors.yaml with faults', () => {
  const faulty = `monitors:
  - name: acme
    when: { $.tool: acme }
    fields:
      title: $.headline[
      colour: $.x
  - name: acme
    when: {}
    fields: {}
`

  it('is refused with every fault, its line and its path', async () => {
    await expect(read({}, faulty)).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      message: expect.stringMatching(
        /line 5, .*"\$\.headline\[" is no JSONPath[\s\S]*line 6, .*colour[\s\S]*line 8, .*at least one path/,
      ),
    })
  })

  it('costs no alert: it is told, and bodies are read without it', async () => {
    await writeFile(join(folder, 'monitors.yaml'), faulty)
    const told: string[] = []
    expect(await taughtMonitorsOr(folder, (text) => told.push(text))).toEqual([])
    expect(told).toEqual([expect.stringContaining('monitors.yaml is not valid')])
  })
})

it('teaches nothing without a file, or without a folder', async () => {
  expect(await readTaughtMonitors(folder)).toEqual([])
  expect(await readTaughtMonitors(undefined)).toEqual([])
})
