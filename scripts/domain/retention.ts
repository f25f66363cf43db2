import { z } from 'zod'

const days = (least: number) => z.int().min(least).max(36_500)

/** How many days what is kept: `config/retention.yaml`. A kind that the file does not name has its default. */
export const Retention = z.strictObject({
  /** Bodies as they came, and their headers. The alerts that were read from them stay. */
  raw: days(1).default(30),
  /** What systems said of an incident, from when it closed. */
  evidence: days(1).default(90),
  /** Incidents with their alerts, decisions and messages, from when they closed. */
  decisions: days(30).default(400),
  /** Kestra's executions and logs of this namespace. */
  executions: days(1).default(7),
})
export type Retention = z.infer<typeof Retention>
