import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkWebhookKeys, kestraEnvironment, readSettings, settings } from '../scripts/lib/config.ts'

describe('settings', () => {
  it('are all in .env.example, and nothing else is', () => {
    const example = readFileSync(join(import.meta.dirname, '..', '.env.example'), 'utf8')
    const keys = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1])
    expect(keys.sort()).toEqual(Object.keys(settings).sort())
  })

  it('are reported all at once when they are missing', () => {
    expect(() => readSettings(['ALERT_WEBHOOK_KEY', 'DATABASE_URL', 'ANALYZER'], {})).toThrow(
      /2 settings are missing:\n {2}ALERT_WEBHOOK_KEY: .+\n {2}DATABASE_URL: /,
    )
  })

  it('count an empty value as not set', () => {
    expect(readSettings(['ANALYZER'], { ANALYZER: ' ' }).ANALYZER).toBeUndefined()
  })

  it.each(['', 'short', 'x'.repeat(23), `${'x'.repeat(30)}/`])('refuse the webhook key %j', (key) => {
    expect(() => checkWebhookKeys({ ALERT_WEBHOOK_KEY: key })).toThrow(/ALERT_WEBHOOK_KEY/)
  })

  it('accept a long key, and no previous one', () => {
    expect(() => checkWebhookKeys({ ALERT_WEBHOOK_KEY: 'k'.repeat(24), ALERT_WEBHOOK_KEY_PREVIOUS: '' })).not.toThrow()
    expect(() => checkWebhookKeys({ ALERT_WEBHOOK_KEY: 'k'.repeat(24), ALERT_WEBHOOK_KEY_PREVIOUS: 'x' })).toThrow()
  })

  it('define every optional secret as empty, because Kestra fails on one that is not defined', () => {
    const environment = kestraEnvironment({ DATABASE_URL: 'postgresql://x' })
    expect(environment.SECRET_DATABASE_URL).toBe(Buffer.from('postgresql://x').toString('base64'))
    expect(environment.SECRET_GEMINI_API_KEY).toBe('')
    expect(environment.ENV_GEMINI_MODEL).toBe('')
    expect(environment).not.toHaveProperty('SECRET_DATABASE_OWNER_URL')
  })
})
