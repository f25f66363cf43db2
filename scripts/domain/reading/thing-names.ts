import { isOpaque } from './meaning-name.ts'
import { readStatus } from './status.ts'

/** A name, not a condition, a state, a date or a machine's id. */
export function isThingName(text: string): boolean {
  return (
    text.length <= 80 &&
    /\p{L}/u.test(text) &&
    !/^\d{4}-\d\d/.test(text) &&
    text.split(/\s+/).length <= 4 &&
    !conditionWords.test(text) &&
    !stages.test(text) &&
    !isOpaque(text) &&
    readStatus(text) === null
  )
}

const conditionWords =
  /[<>=%]|\b(?:is|are|has|above|below|over|under|exceeds?|exceeded|high|low|too|not|lag|missing|late|stale|status|alerts?|rule|checks?|threshold|failed|failures?|errors?|usage|rate|latency)\b/i

/** Keys under which no thing is named, whatever is said of it. */
export const notThings =
  /(?:status|state|severity|priority|urgency|impact|level|time|date|at|on|type|kind|category|environment|env|url|link|uri|title|headline|summary|subject|message|msg|description|text|body|content|details?|comment|note|reason|cause|error|exception|trace|user|username|owner|author|creator|team|organi[sz]ation|org|company|account|tenant|group|groupname|email|version|metric|metricname|metrictype|code|codename|rule|alert|check|monitor|policy|condition|event|eventname|action|method|source|vendor|provider|product|tags?|labels?|value|unit|operator|color|channel|channelname|region|zone|location|currency|timezone|token|class|classname|signature|fingerprint|key|path|query|expression|change|field|column|recipient|sender|from|to)$/

/** Where something runs, which is not what runs. */
export const stages = /^(?:prod|production|prd|live|staging|stage|stg|dev|development|qa|uat|sandbox|preprod)$/i

/** A table's name with its schema, told from words with a dot by its length or a low line: `raw.orders_v2`, `db.raw.orders`. */
export function isFullName(text: string): boolean {
  return isQualified(text) && (text.split('.').length > 2 || /_/.test(text))
}

/** `sales.orders`, `mysql.shop.orders`; no address, no file, no package of Java. */
export function isQualified(text: string): boolean {
  return (
    /^[a-z_][\w$]{0,100}(?:\.[a-z_][\w$]{0,100}){1,3}$/i.test(text) &&
    !/^(?:com|org|net|io|java|javax|www|https?)\.|\.(?:com|org|net|io|dev|app|local|internal|example|py|sql|ya?ml|json|csv|parquet|txt|log|gz|sh|ts|js|md|jar)$/i.test(
      text,
    )
  )
}

/** How data teams name tables by the layer they are in: `dim_supplier`, `fct_payouts`. */
export const modelled = /^(?:dim|fct|fact|stg|raw|int|mart|agg|rpt|dwd|dws|ods|ads|src|bronze|silver|gold)_\w{2,100}$/i

/** The host of a link; any other text as it is. */
export function hostOfUrl(text: string): string {
  return /^https?:\/\/(?:[^@/\s]*@)?([^/:\s?#]+)/i.exec(text)?.[1] ?? text
}
