import { remember } from '../remember.ts'
import { oneLine } from '../text.ts'
import { namesIn, numberOf, plainKey, textOf } from './value.ts'

/** What a payload may claim, by the keys that claim it in the form `snake_case`. */
const claimed = {
  baselineMean:
    /(?:historical|baseline|typical|usual|normal)\w*(?:avg|mean|average|median|p50|typical)|^baseline$|^baseline_value$|^(?:avg|average|mean)_/,
  baselineMax: /(?:historical|baseline|typical|usual|normal)\w*(?:max|peak|p9\d)|^(?:max|peak)_/,
  pattern:
    /^(?:known_|historical_|recurrence_|recurring_|usage_|expected_)?pattern$|^recurrence$|^(?:batch_|maintenance_|processing_)?window$|^processing_type$/,
  impact: /(?:customer|user|business)_impact$|^customer_facing$/,
  runState: /^(?:current_|dag_|run_|dag_run_|task_)?(?:state|status)$/,
  runTime: /^(?:actual_|current_|elapsed_|running_|run_)?(?:duration|runtime|elapsed|running(?:_for|_time)?)_/,
  usualRunTime:
    /(?:typical|average|avg|median|historical|usual|normal|last_successful)\w*(?:duration|runtime)\w*|^duration_avg_/,
  task: /^(?:current_|stuck_|failed_|running_)?task(?:_id|_name)?$/,
  runStart: /^(?:run_|dag_)?start(?:ed)?(?:_time|_at|_date)?$/,
  run: /^(?:dag_)?run_id$/,
  error: /^(?:error|exception)(?:_message)?$/,
  attempt: /^try_number$|^attempt$/,
  retries: /^max_tries$|^retries$/,
  downstream:
    /downstream|dependents?(?:_|$)|dependent_|consumers?$|blocked|waiting|affected_(?:tables|systems|models|assets|reports|dashboards|ml_models)|impacted/,
  upstream: /upstream|depends_on/,
  sources: /^sources$/,
  exposures: /exposures?$|dashboards?(?:_|$)|reports?(?:_|$)/,
  waiting: /(?:systems?|consumers?|dashboards?|reports?|services?|teams?|exposures?)(?:_|$)|waiting|blocked/,
  promisedTime: /^(?:sla|expected_duration|max_duration|allowed_duration)(?:_|$)(?!breach)/,
  promiseBroken: /^sla_(?:breached|missed|violated|exceeded)$/,
  deadline: /^(?:sla_)?deadline(?:_at)?$|^sla_deadline/,
  owner: /^(?:owner|owning_team|data_owner|team|owned_by)$/,
  revenueAnHour: /revenue\w*per_hour/,
  rows: /^(?:current_|actual_)?row_?count$|^rows(?:_processed|_loaded)?(?:_today)?$/,
  usualRows:
    /^(?:previous|expected|historical\w*|typical|avg|average|baseline)_row(?:_?count|s)$|^historical_avg_rows$/,
  lastLoad: /^last_(?:altered|updated|loaded|refreshed|load|refresh)(?:_at|_time)?$/,
  expectedBy: /^expected_(?:by|at)$|^due_(?:by|at)$/,
  changedBy: /^(?:last_)?(?:modified|changed|altered|deployed)_by$|^author$/,
  changedAt: /^(?:last_)?(?:modified|changed|altered)_(?:at|time)$|^change_time$|^changed_at$/,
  table: /^table(?:_name)?$/,
  column: /^(?:column|field)(?:_name)?$/,
  changeKind: /^(?:change|change_type|ddl|ddl_type|operation|schema_change|event_type)$/,
  oldType: /^(?:column_type|data_type|type|old_type|previous_type|before|old_name)$/,
  newType: /^(?:new_type|after|new_name)$/,
  dropped:
    /(?:removed|dropped|deleted|missing)_(?:columns?|fields?)|(?:columns?|fields?)_(?:removed|dropped|deleted|missing)/,
  renamed: /renamed_(?:columns?|fields?)|(?:columns?|fields?)_renamed/,
  type_changed:
    /(?:type_changed|changed_type|retyped)_(?:columns?|fields?)|(?:columns?|fields?)_(?:type_changed|retyped)|type_changes/,
  added: /(?:added|new)_(?:columns?|fields?)|(?:columns?|fields?)_added/,
} satisfies Record<string, RegExp>
export type Claim = keyof typeof claimed

const claimedBy = remember<readonly string[]>((key) => {
  const written = snake(key)
  return Object.entries(claimed).flatMap(([claim, pattern]) => (pattern.test(written) ? [claim] : []))
})

/** What a payload claims: its keys and values by what they may mean, in their order. */
export class Claims {
  readonly #held = new Map<string, [key: string, value: unknown][]>()

  constructor(entries: readonly (readonly [string, unknown])[]) {
    for (const [key, value] of entries) {
      for (const claim of claimedBy(key)) {
        const held = this.#held.get(claim)
        if (held === undefined) this.#held.set(claim, [[snake(key), value]])
        else held.push([snake(key), value])
      }
    }
  }

  find<T>(claim: Claim, read: (value: unknown) => T | null): T | null {
    for (const [, value] of this.#of(claim)) {
      const found = read(value)
      if (found !== null) return found
    }
    return null
  }

  /** `none` is an answer here: it is what makes an impact harmless. */
  text(claim: Claim): string | null {
    return this.find(claim, (value) => {
      if (typeof value === 'boolean') return value ? 'yes' : 'none'
      const text = typeof value === 'string' ? value : textOf(value)
      return (text === null ? '' : oneLine(text, 300)) || null
    })
  }

  number(claim: Claim): number | null {
    return this.find(claim, numberOf)
  }

  names(claim: Claim): string[] {
    const names = this.#of(claim).flatMap(([, value]) => (typeof value === 'object' ? namesIn(value) : []))
    return [...new Set(names.map((name) => oneLine(name, 300)).filter((name) => name !== ''))].slice(0, 200)
  }

  /** A length of time in seconds, by the unit at the end of the key: `_hours`, `_minutes`, `_ms`. */
  seconds(claim: Claim): number | null {
    for (const [key, value] of this.#of(claim)) {
      const number = numberOf(value)
      const unit = key.slice(key.lastIndexOf('_') + 1)
      const factor = Object.hasOwn(secondsIn, unit) ? secondsIn[unit] : undefined
      const seconds = number === null || factor === undefined ? Number.NaN : Math.round(number * factor)
      if (Number.isFinite(seconds)) return seconds
    }
    return null
  }

  #of(claim: Claim): readonly (readonly [key: string, value: unknown])[] {
    return this.#held.get(claim) ?? []
  }
}

const secondsIn: Record<string, number> = {
  ms: 0.001,
  s: 1,
  sec: 1,
  secs: 1,
  seconds: 1,
  m: 60,
  min: 60,
  mins: 60,
  minutes: 60,
  h: 3600,
  hrs: 3600,
  hours: 3600,
  days: 86_400,
}

export const snake = remember((key) =>
  key.length > 100
    ? plainKey(key.slice(0, 100))
    : key
        .replace(/([a-z\d])([A-Z])/g, '$1_$2')
        .replace(/[\s.-]+/g, '_')
        .toLowerCase(),
)

/** One sentence of what is known. */
export function sentence(...parts: (string | null)[]): string {
  return `${oneLine(parts.filter((part) => part !== null).join(' '), 490)}.`
}

/** Without what is not known. */
export function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined))
}
