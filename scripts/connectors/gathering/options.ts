import type { ZodType } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'

/**
 * What an instance is configured with, in the shape of its kind. `settings` names by which setting the default instance
 * gets each key: those nobody has checked before.
 * @throws AppError E_SETTING_INVALID naming the setting, never quoting it: an address may hold a password
 */
export function optionsOf<T>(
  schema: ZodType<T>,
  { name, kind, options }: Pick<System, 'name' | 'kind' | 'options'>,
  settings: Readonly<Record<string, string>>,
): T {
  const parsed = schema.safeParse(options)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const key = String(issue?.path[0] ?? '')
  const called = (name === kind ? settings[key] : undefined) ?? `${key || 'what config/systems.yaml says'} of ${name}`
  const isAddress = issue?.code === 'invalid_format' && issue.format === 'url'
  throw new AppError(
    'E_SETTING_INVALID',
    isAddress ? `${called} is no http(s) address.` : `${called} is not right: ${issue?.message ?? 'unknown'}.`,
    isAddress ? 'Write it in full, as in http://host:port.' : 'SETUP.md says what it takes.',
  )
}
