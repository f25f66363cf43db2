import type { Category } from '../alert.ts'

/** Something that runs: what can fail, be late or be stuck. */
const pipeline =
  '(?:dags?|tasks?|pipelines?|jobs?|workflows?|flows?|syncs?|elt|etl|ingestions?|loads?|builds?|exports?|imports?|backfills?|connectors?|models?|runs?|snapshots?|dbt|airflow|copy into)'
const data =
  '(?:tables?|datasets?|data|rows?|records?|partitions?|models?|sources?|views?|columns?|reports?|dashboards?)'
/** A little text between two words. */
const gap = '[^.;\\n]{0,60}?'

const row = (category: Category, ...patterns: string[]): readonly [Category, RegExp] => [
  category,
  new RegExp(`\\b(?:${patterns.join('|')})`, 'i'),
]

/**
 * What kind of trouble the words speak of, the more telling first: a dropped column is a schema change although its
 * pipeline failed too.
 */
const table: readonly (readonly [Category, RegExp])[] = [
  row(
    'schema_change',
    'schema (?:drift|chang|mismatch|evolution|ddl|break|modif)',
    `schema\\b${gap}(?:changed|modified|broke|drifted)`,
    'columns? (?:removal|removed|dropped|deleted|renamed|added|type)',
    `columns?${gap}(?:(?:was|were|been|is|got) (?:removed|dropped|renamed|deleted|added)|not found|does not exist|disappeared|missing from)`,
    '(?:removed|dropped|renamed|deleted|missing|new|invalid) (?:\\d+ )?columns?\\b',
    '(?:alter|altered) table\\b',
    'incompatible schema|invalid identifier',
  ),
  row(
    'lock',
    'deadlock',
    'locks? (?:wait|timeout|held|contention|conflict|blocked)',
    'lock(?:ed)? (?:on|by)\\b',
    'block(?:ed|ing) (?:quer|session|transaction)',
  ),
  row(
    'freshness',
    'fresh(?:ness)?\\b',
    'stale(?:ness)?\\b',
    'out[- ]of[- ]date\\b',
    `(?:not|no longer) (?:been )?(?:updated|refreshed|loaded|arriv)`,
    'no new (?:data|rows|records|files|partitions)\\b',
    `${data}\\b${gap}(?:late|delayed|overdue|hours? old|behind)\\b`,
    'late(?:-| )arriv',
    '(?:replication|consumer|replica) lag\\b',
    `(?:missing|late|overdue|delayed) ${data}\\b`,
    'not? (?:file|data) (?:arrived|received)',
  ),
  row(
    'volume',
    'row[ _-]?counts?\\b',
    'volume (?:anomal|drop|spike|change|low|high|check)',
    `(?:${data}|table)? ?volume\\b`,
    '(?:fewer|zero|0|no|too (?:few|many)) (?:rows|records)\\b',
    '(?:rows|records) (?:dropped|fell|are missing|missing|decreased|doubled)\\b',
    'empty (?:table|partition|dataset|file)',
  ),
  row(
    'pipeline_delay',
    'sla (?:miss|breach|exceed|violat|deadline)',
    '(?:missed|exceed(?:s|ed|ing)?|breach(?:es|ed|ing)?|violat(?:es|ed|ing)) (?:its |the |their )?sla\\b',
    `${pipeline}\\b${gap}(?:time(?:d)?[ -]?out|running (?:for|longer|since|too)|stuck|hung|hanging|overdue|late|delayed|behind schedule|exceed(?:s|ed)|too long|long[- ]running)`,
    `(?:stuck|hung|overdue|late|delayed|long[- ]running) (?:\\w+ )?${pipeline}\\b`,
    'dag[ _-]?timeout|task[ _-]?timeout|execution[ _-]?timeout',
  ),
  row(
    'data_quality',
    'data[ _-]?quality\\b',
    `(?:data|dbt) tests?\\b`,
    `tests?\\b${gap}fail`,
    'not[_ ]null\\b|null (?:values?|rate|percent|count)|nulls (?:in|found)',
    'duplicates?\\b|uniqueness\\b|accepted[_ ]values\\b|referential[ _]integrity\\b',
    'expectations?\\b|validations?\\b|assertions?\\b|(?:dq|quality) check',
    `(?:distribution|anomal\\w+)${gap}(?:${data}|metric|test)\\b`,
  ),
  row(
    'access',
    'permission|access denied|unauthori[sz]ed|forbidden|not authori[sz]ed|insufficient privileges?',
    'authenticat\\w+ (?:error|fail)|authenticat\\w+\\b|login fail|invalid credentials?|credentials? (?:expired|invalid)',
    '(?:token|password|certificate|key|secret) (?:has |is |was )?(?:expired|revoked|invalid)',
  ),
  row(
    'pipeline_failure',
    `${pipeline}\\b${gap}(?:fail|error|crash|abort|exception|did not (?:run|finish)|skipped|missed)`,
    `(?:fail(?:ed|ure|s)?|error|crash(?:ed)?)\\b${gap}(?:in|of|on|to build|to run|to load|to sync|during)? ?${pipeline}\\b`,
    'validation ?failed|build failed|reconciliation failed',
  ),
  row(
    'cost',
    'costs?\\b|spend(?:ing)?\\b|budget|billing|bytes billed|credits? (?:used|usage|consum|quota|limit|spent)|overspend',
  ),
  row(
    'resource',
    'cpu\\b|memory\\b|mem (?:usage|util)|out of memory|oom(?:killed)?\\b|disk\\b|storage\\b|swap\\b|inodes?\\b|load average|heap\\b',
    'saturat|throttl|quota\\b|capacity\\b|utili[sz]ation|bandwidth\\b|queue (?:depth|length|size)|bucketbytes|backlog\\b|no space left',
  ),
  row(
    'infrastructure',
    '(?:is|went|host|server|service|node|site|agent|instance|database|device)?s? ?(?:down|unreachable|unavailable|offline)\\b',
    'outage\\b|connect(?:ion|ivity)?\\b|latency\\b|response time|5xx\\b|error rate|http (?:error|5\\d\\d)|dns\\b|network\\b|packets?\\b|ping\\b|certificate\\b|restarted\\b',
    'pod\\b|container\\b|cluster\\b|hosts?\\b|nodes?\\b|instance\\b|server\\b|replica',
  ),
]

/**
 * The category that the first of the texts speaks of that speaks of any: pass what names the check before what
 * describes it. `unknown` when none does.
 */
export function readCategory(texts: readonly (string | null | undefined)[]): Category {
  for (const text of texts) {
    if (!text) continue
    // Names are read like sentences: `row_count.anomaly` as "row count anomaly".
    const sentence = text
      .slice(0, 600)
      .replace(/[_./:-]+/g, ' ')
      .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    const found = table.find(([, pattern]) => pattern.test(sentence))
    if (found) return found[0]
  }
  return 'unknown'
}

/** Causes that decide what to do about a failed run; anything else that an error speaks of is just how it failed. */
const causes: ReadonlySet<Category> = new Set(['schema_change', 'lock', 'access'])

/** The category of a run that failed: what its error says was the cause, else `pipeline_failure`. */
export function readFailureCategory(texts: readonly (string | null | undefined)[]): Category {
  return texts.map((text) => readCategory([text])).find((category) => causes.has(category)) ?? 'pipeline_failure'
}
