import { z } from 'zod'
import { isSettingName, type Settings, settings as table } from './config.ts'
import { tryParseJson } from './json.ts'

const Several = z.record(z.string(), z.record(z.string(), z.string()))

/**
 * What nobody may read of some settings: each value that the table calls none but a `setting`, and where it is JSON of
 * several (SYSTEMS_CREDENTIALS) each of them. A name that the table does not have counts as secret.
 */
export function secretValues(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, given]) => {
    const value = given?.trim()
    if (!value || (isSettingName(name) && table[name].kind === 'setting')) return []
    const several = value.startsWith('{') ? Several.safeParse(tryParseJson(value)) : null
    return [value, ...(several?.success ? Object.values(several.data).flatMap((of) => Object.values(of)) : [])]
  })
}
