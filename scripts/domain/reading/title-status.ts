import type { AlertStatus } from '../alert.ts'
import { titleStates } from './other-languages.ts'

/** What a mail program puts before a subject. */
const mailPrefix = /^\s*(?:(?:re|fwd?|aw|wg|tr|sv)\s*:\s*){1,5}/i
/** What a team puts before a mark, `[PROD]`, `(dwh) [P2]`; one that tells a state is a mark itself. */
const ownTags = /^(?:[^\p{L}\d]{0,4}[[({【「][\p{L}\d][^\])}】」]{0,40}[\])}】」]){1,4}/u
const stateTag = /firing|alert|trigger|problem|critical|error|warn|down|fail|alarm|open|new|still|not/i
/** What a chat draws: `:large_green_circle:`. */
const chatSign = /:[a-z_+-]{2,40}:/g
const longest = 300

/** Whatever else is said: it is a test, and tells what one looks like. */
const saidTest = /\bthis is (?:only )?a test\b|^verification (?:of|message|code)\b/i
/** A test button's title; where trouble is told behind it, `test` is part of a name: `Test message queue failed`. */
const testTitle =
  /^[^\p{L}]{0,8}(?:(?:a|an|sample|webhook|alert|[\p{L}]{1,20}:) ){0,2}test (?:notification|message|webhook|ping|alert|event|incident)\b(?! (?!(?:from|for|sent|by|of|to|on|at)\b)[a-z]{3,})|\btest (?:notification|webhook)\b[.!]?$|\btest from\b/iu

const overWords = `resolved|recovered|recovery|ok|closed|cleared|fixed|solved|up|restored|back online|all[ -]clear|${titleStates.over}`
/** Only as a mark does such a word speak of the alert: `[OK] x`, `[prod] OK: x`, `Resolved - x`; `Closed orders are late` does not. */
const headMark = new RegExp(
  `^(?:[^\\p{L}\\d[]{0,4}\\[(?!firing|alert|alarm|critical|problem|fail|error|trigger|down)[^\\]\\n]{1,30}\\]){0,2}[^\\p{L}\\d]{0,8}(?:status|state)?[^\\p{L}\\d]{0,3}(?:${overWords})(?:\\s?[\\])}】」:]|!|\\s[–—|-]\\s|\\s?➛)`,
  'iu',
)
/** The last word, set off from what the title is about: `orders late (resolved)`, `orders late - RESOLVED`. */
const tailMark = /(?:[([{]\s?|\s[–—|:>-]\s|:\s)(?:resolved|recovered|ok|closed|cleared|fixed)\s?[)\]}]?[.!]?$/iu
/** Spelled like a mark, before what is spelled like words. */
const capitalMark = /^[^\p{L}\d]{0,8}(?:RESOLVED|RECOVERED|CLEARED|CLOSED) (?![A-Z]{2})/u
/** The word is the whole title. */
const alone = new RegExp(`^[^\\p{L}\\d]{0,8}(?:${overWords})[^\\p{L}\\d]{0,8}$`, 'iu')
/** What takes the mark back: `Recovery: failed`, `Resolved: false`, `Up: 2 of 3`. */
const failedMark =
  /^[^\p{L}\d]{0,8}(?:recovery\W{1,5}(?:has |is )?(?:fail|error|unsuccess|abort|incomplete|not )|\p{L}{2,12}\W{1,5}(?:false|no|never|not)\b|(?:ok|up)\W{1,5}\d{1,12} ?(?:\/|of))/iu

/** Sentences that it is over. */
const overSaid = new RegExp(
  [
    '^[^\\p{L}\\d]{0,8}(?:resolved|recovered)\\b(?![ -](?:to|and|for))|^[^\\p{L}\\d]{0,8}closed (?:via|by)\\b',
    '\\b(?:has|have|is|are|was|been|now) (?:now )?(?:been )?(?:recovered|resolved)\\b',
    '\\b(?:been|now) (?:fixed|solved|restored)\\b',
    '\\brecovered from\\b',
    '\\b(?:is|are) (?:now )?up (?:again|now)[.!]?$',
    '\\bwithout fault\\b(?=.{0,60}\\bpassed\\b)|\\bpassed\\b(?=.{0,60}\\bwithout fault\\b)',
    '(?<!\\bbe )\\b(?:recovered|resolved)[.!]?$',
    '\\b(?:completed|finished|ended)\\b(?=.{0,80}\\bwithout fault\\b)',
    '\\bback to normal\\b|\\bis normal(?: again| now|[.!]?$)',
    '\\b(?:is|are) (?:now )?(?:ok|healthy|fine|reachable|operational|passing)(?: again| now)?[.!]?$',
    '\\b(?:is|are) back (?:up|online)\\b',
    '\\b(?:alert|alarm|incident|problem|issue|anomaly|outage) (?:(?:is|was|has|been) ){0,2}(?:resolved|recovered|closed|cleared|ended|over[.!]?$)(?![\\p{L}-])',
    '➛ SUCCESS',
    '\\ball (?!but\\b|except)(?:[\\p{L}\\d]{1,20} ){0,3}?(?:(?:are|is|have|has) )?(?:passed|passing)\\b',
    '\\bsucceeded\\b',
    '\\b(?:completed|finished|ended) (?:success|without (?:any )?(?:error|failure))',
    titleStates.overSaid,
  ].join('|'),
  'iu',
)
const noLonger =
  /\b(?:no longer|not) (?:failing|alerting|firing|late|stale|delayed|overdue|down|unreachable|unavailable|degraded|missing|stuck|broken|anomalous|critical|throttled|breach\w{0,8}|violat\w{0,8}|exceed\w{0,8}|in (?:alarm|breach|violation))\b/i

/** Before it in the sentence these take it back: `only 3 loads succeeded`, `failed to be resolved`. */
const takenBack =
  /\b(?:not?|none|nothing|never|only|just|cannot|hardly|few|fewer|less|partially|partly|yet|almost|nearly|failed to|unable|before|until|unless|if|when|once|should|must|waiting|expected|un(?=-))\b|n't\b/i
/** `3 of 10 partitions succeeded`: of some it is not said. */
const ratio = /(?<![\d.,])(\d{1,12})(?: of | out of |\/| \/ )(?:the )?(\d{1,12})(?![\d.,/])/gi
/** Words of trouble in what else the title says. */
const trouble =
  /\b(?:fail\w{0,6}|errors?|exceptions?|down|wrong|missing|late|stale|empty|below|dropped|exceed\w{0,5}|breach\w{0,4}|mismatch\w{0,3}|corrupt\w{0,3}|degraded|timeout|timed out|unavailable|unreachable|killed|crash\w{0,4}|abort\w{0,3}|anomal\w{1,6}|invalid|unable|denied|refused|still|stuck|lost|lagging|delayed|overdue|broken|incomplete|partial\w{0,2}|gone|not|no|zero|without|less|fewer|duplicat\w{1,4}|violat\w{1,5}|except|0 (?:rows?|records?|files?|lines?|messages?|events?|tables?|bytes?))\b/i
/** What it took until it was over is none: `after 2 failed attempts`, `(was down for 3 min)`. */
const before = /\s(?:after|from|previously|despite)\s.*$|\s?[([](?:was|after|previously)\s.*$/is
/** A new sentence, or the other side of one. */
const otherClause = /[.;!?]\s|\s(?:but|however|although)\s|\s[–—]\s/iu

const titleFiring = new RegExp(
  `^[^\\p{L}]{0,8}(?:firing|alerting|triggered|alarm|problem|critical|error|warning|down|fail(?:ed|ure)?)\\b|\\bfail(?:ed|ures?|s|ing)?\\b|\\berrors?\\b|\\bis down\\b|${titleStates.firing}`,
  'iu',
)

/** `0 failures`: it says of none that there are. */
const noFailures = /\b(?:0|no|zero|without(?: any)?) (?:fail(?:ed|ures?)|errors?)\b/gi
const noForeignFailures = /\b(?:sans|sin|ohne|senza|sem) (?:errores|erreurs?|fehler|errori|erros)\b/gi

/** What a title says about the state, where no field does: `[OK] Disk`, `Host has recovered`. Null when nothing. */
export function readTitleStatus(title: string): AlertStatus | null {
  const whole = title.slice(0, longest).replace(chatSign, ' ').replace(mailPrefix, '').trim()
  const tags = ownTags.exec(whole)?.[0] ?? ''
  const bare = whole.slice(tags.length).trim()
  const head = tags !== '' && !stateTag.test(tags) && headMark.test(bare) ? bare : whole
  if (saidTest.test(head)) return 'info'
  const isFiring = titleFiring.test(head.replace(noFailures, '').replace(noForeignFailures, ''))
  if (testTitle.test(head) && !isFiring) return 'info'
  if (isOver(head)) return 'resolved'
  return isFiring ? 'firing' : null
}

/** What people are told of regularly, or did themselves: `Weekly report: …`, `Deployed loader v7`. */
const announcement =
  /^[^\p{L}]{0,8}(?:(?:daily|weekly|monthly|quarterly) (?:report|digest|summary|recap|update)\b|(?:deployed|released|merged|upgraded|rolled out)\b)/iu

/** Whether a text announces something, and speaks of no trouble. */
export function isAnnouncement(text: string): boolean {
  const head = text.slice(0, longest).replace(chatSign, ' ').replace(mailPrefix, '').trim()
  return announcement.test(head) && !trouble.test(head)
}

/** A mark of the end is believed; a sentence that it is over, unless the title says in the same breath that it is not. */
function isOver(head: string): boolean {
  if (failedMark.test(head)) return false
  if (headMark.test(head) || tailMark.test(head) || capitalMark.test(head) || alone.test(head)) return true
  const words = head
    .replace(noFailures, 'without fault')
    .replace(ratio, (text, some: string, all: string) => (Number(some) < Number(all) ? ' only ' : text))
  const said = noLonger.exec(words) ?? overSaid.exec(words)
  if (said === null) return false
  const ahead = words.slice(0, said.index)
  const clauses = ahead.split(otherClause)
  const behind = words
    .slice(said.index + said[0].length)
    .replace(before, '')
    .replaceAll('without fault', '')
  return (
    !trouble.test(behind) &&
    !clauses.slice(0, -1).some((clause) => trouble.test(clause)) &&
    !takenBack.test(clauses.at(-1) ?? '')
  )
}
