import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type System, SystemName, type Systems, systemKeys } from '../../domain/system.ts'
import { AppError, toAppError } from '../../lib/errors.ts'
import { tryParseJson } from '../../lib/json.ts'
import { readYamlFile } from '../../lib/yaml-file.ts'
import type { Connector } from '../connector.ts'
import { connectorsIn, connectorsOf } from '../index.ts'

type Settings = Readonly<Record<string, string | undefined>>

/** Which of an instance's secrets to hand out: those for reading, or those that only fixes get. */
export type Purpose = 'read' | 'write'

const credentialSettings = { read: 'SYSTEMS_CREDENTIALS', write: 'SYSTEMS_WRITE_CREDENTIALS' } as const

const Credentials = z.record(SystemName, z.record(z.string(), z.string()))

/**
 * Every configured instance: the one default a kind that settings describe, and those of `config/systems.yaml`. What
 * is wrong with the file or the credentials is told as `fault`; the instances of the settings are there nevertheless.
 */
export async function loadSystems(
  settings: Settings,
  { purpose = 'read', from }: { purpose?: Purpose; from?: readonly Connector[] } = {},
): Promise<Systems> {
  const defaults = (from ?? (await connectorsIn(settings))).flatMap((connector) => {
    const found = connector.fromSettings(settings)
    return found ? [{ ...found, name: found.kind, environment: null, aliases: [], limitMs: null }] : []
  })
  try {
    return { all: [...defaults, ...(await furtherSystems(settings, defaults, purpose, from))], fault: null }
  } catch (thrown) {
    const { code, message, hint } = toAppError(thrown)
    return { all: defaults, fault: { code, message, hint } }
  }
}

async function furtherSystems(
  settings: Settings,
  defaults: readonly System[],
  purpose: Purpose,
  from: readonly Connector[] | undefined,
): Promise<System[]> {
  const file = settings.DIM_CONFIG_DIR ? join(settings.DIM_CONFIG_DIR, 'systems.yaml') : ''
  if (!existsSync(file)) return []
  const schema = async (content: unknown) => fileSchema(from ?? (await connectorsOf(kindsIn(content))), defaults)
  const { systems } = await readYamlFile(file, schema)
  const credentials = systems.length === 0 ? {} : readCredentials(settings, purpose)
  return systems.map((entry) => {
    const { name, kind, environment, aliases, limit_seconds: limit, ...options } = Entry.parse(entry)
    return {
      name,
      kind,
      environment: environment ?? null,
      aliases: aliases ?? [],
      limitMs: limit === undefined ? null : limit * 1000,
      options,
      credentials: credentials[name] ?? {},
    }
  })
}

const Entry = z.looseObject({ ...systemKeys, kind: z.string() })

/** What the file's entries say that they are, as far as they say it. */
function kindsIn(content: unknown): string[] {
  const Kinds = z.object({ systems: z.array(z.object({ kind: z.string() })) })
  const parsed = Kinds.safeParse(content)
  // Of a file that is none, every kind stands in what is told of its faults.
  return parsed.success ? parsed.data.systems.map(({ kind }) => kind) : ['unknown']
}

/** The schema of `config/systems.yaml`: a list of instances, each with the keys of its kind and no others. */
export function fileSchema(from: readonly Connector[], defaults: readonly System[] = []) {
  const shapes = from.flatMap(({ kinds }) =>
    Object.entries(kinds).map(([kind, options]) =>
      // Extended, not copied: what a kind demands across its keys holds here as well.
      options.safeExtend({ ...systemKeys, kind: z.literal(kind) }).strict(),
    ),
  )
  const [first, ...others] = shapes
  const entry = first ? z.discriminatedUnion('kind', [first, ...others]) : z.never()
  return z.strictObject({
    systems: z
      .array(entry)
      .max(100)
      .superRefine((entries, context) => {
        const taken = new Set(defaults.map(({ name }) => name))
        for (const [index, { name, aliases = [] }] of entries.map((one) => Entry.parse(one)).entries()) {
          for (const [path, called] of [['name', name] as const, ...aliases.map((one) => ['aliases', one] as const)]) {
            if (taken.has(called))
              context.addIssue({ code: 'custom', path: [index, path], message: `${called} is taken` })
            taken.add(called)
          }
        }
      }),
  })
}

/** @throws AppError E_SETTING_INVALID; nothing of the text is quoted. */
function readCredentials(settings: Settings, purpose: Purpose): z.infer<typeof Credentials> {
  const name = credentialSettings[purpose]
  const text = settings[name]
  // A fix without credentials of its own uses those for reading, as the settings of the default instances do.
  if (!text) return purpose === 'write' ? readCredentials(settings, 'read') : {}
  const parsed = Credentials.safeParse(tryParseJson(text))
  if (!parsed.success) {
    throw new AppError(
      'E_SETTING_INVALID',
      `${name} is not a JSON object of instances and their credentials.`,
      `It reads {"airflow_finance": {"username": "…", "password": "…"}}.`,
    )
  }
  if (purpose === 'read') return parsed.data
  return { ...readCredentials(settings, 'read'), ...parsed.data }
}
