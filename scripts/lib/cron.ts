import { AppError } from './errors.ts'

/**
 * Loads what reads cron expressions. The answer tells the last time that an expression (five fields, in an IANA zone)
 * came true at or before an instant; null when it never did.
 */
export async function loadCron(): Promise<(cron: string, zone: string, now: Date) => Date | null> {
  const { CronExpressionParser } = await import('cron-parser')
  return (cron, zone, now) => {
    try {
      // What comes true at this very moment counts: the parser looks strictly before its date.
      const currentDate = new Date(now.getTime() + 1)
      return CronExpressionParser.parse(cron, { tz: zone, currentDate }).prev().toDate()
    } catch {
      return null
    }
  }
}

/** @throws AppError E_CONFIG_INVALID for an expression that can't be read, naming where it stands. */
export async function requireCron(cron: string, where: string): Promise<void> {
  const { CronExpressionParser } = await import('cron-parser')
  try {
    if (cron.trim().split(/\s+/).length !== 5) throw new Error('it has not five fields')
    CronExpressionParser.parse(cron)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new AppError(
      'E_CONFIG_INVALID',
      `${where}: "${cron.slice(0, 100)}" is no cron expression: ${why.slice(0, 200)}.`,
      'Five fields: minute hour day month weekday, such as 0 3 * * 0 for Sundays at 03:00.',
    )
  }
}
