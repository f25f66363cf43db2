import type { Alert } from '../../domain/alert.ts'
import { oneLine } from '../../domain/text.ts'

const longestQuery = 2_000

export interface Expression {
  name: string
  /** PromQL, as Prometheus itself wrote it into the alert's link, without the comparison. */
  expression: string
  /** When it fires; null where that is more than one comparison with a number. */
  condition: Condition | null
  /** The alert's own, by which its series is known among others of the expression. */
  labels: Readonly<Record<string, string>>
}

export interface Condition {
  operator: keyof typeof comparisons
  limit: number
}

const comparisons = {
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
} as const

/** `up == 0`, `mem_percent{…} > 90`: what is compared, and with what. */
const comparison = /^(.+?)\s*(>=|<=|==|!=|>|<)(?:\s*bool)?\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/is

/** What an alert measures: the expression in the link of a Prometheus graph (`g0.expr`). Null where there is none: it is never made up. */
export function expressionOf({ url, labels }: Alert): Expression | null {
  const text = url && URL.canParse(url) ? new URL(url).searchParams.get('g0.expr')?.trim() : null
  if (!text || text.length > longestQuery) return null
  const [, compared, operator, limit] = comparison.exec(text) ?? []
  const isOne = compared !== undefined && isOperand(compared)
  const condition = isOne && isComparison(operator) ? { operator, limit: Number(limit) } : null
  const expression = condition && compared ? compared : text
  return { name: oneLine(labels.alertname ?? expression, 100), expression, condition, labels }
}

export function holds({ operator, limit }: Condition, value: number): boolean {
  return comparisons[operator](value, limit)
}

/** Which way the trouble lies: `high` above the limit, `low` below it, null where neither. */
export function directionOf(condition: Condition | null): 'high' | 'low' | null {
  if (condition?.operator.startsWith('>')) return 'high'
  return condition?.operator.startsWith('<') ? 'low' : null
}

function isComparison(text: string | undefined): text is keyof typeof comparisons {
  return text !== undefined && Object.hasOwn(comparisons, text)
}

/** In `a > 5 and b < 3`, what stands before the last comparison is no value of its own. */
function isOperand(text: string): boolean {
  let outer = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '')
  for (let before = ''; before !== outer; ) {
    before = outer
    outer = outer.replace(/\([^()]*\)|\{[^{}]*\}|\[[^[\]]*\]/g, '')
  }
  return !/\b(?:and|or|unless)\b|[<>]|[=!]=|[()]/i.test(outer)
}
