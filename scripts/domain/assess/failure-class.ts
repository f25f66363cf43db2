import { oneLine } from '../text.ts'

/** What a failure's own words say of it. `deterministic`: it fails again however often it is started. */
export interface FailureClass {
  name: string
  /** In words a person reads. */
  says: string
  deterministic: boolean
  /** The failure's own words, on one line. */
  quote: string
}

type Row = readonly [name: string, says: string, words: RegExp]

// On lower-cased text: far faster than patterns that ignore case. They are anchored on the vendors' own wording and hold
// no nested repetition, because log text is hostile.
const deterministic: readonly Row[] = [
  [
    'missing_column',
    'a column that the code reads is missing (schema mismatch)',
    /column .{1,200}? (?:does not exist|not found|cannot be resolved|is missing)|(?:unknown|missing|no such|unrecognized|invalid) column|invalid identifier|cannot resolve .{0,100}?column|undefinedcolumn|unresolved_column|keyerror/,
  ],
  [
    'missing_relation',
    'a table or object that the code reads does not exist',
    /(?:relation|table|view|object|schema|database|dataset) .{1,200}? (?:does not exist|not found|was not found|doesn't exist)|no such table|undefinedtable|invalid object name/,
  ],
  // Before what is told with 403 and 401 alike.
  [
    'quota',
    'a quota or limit is used up',
    /quota (?:has been |was |is )?(?:exceeded|exhausted|reached)|exceeded .{0,60}?quota|credit (?:limit|quota)|resource monitor|billing .{0,40}?(?:disabled|limit)|no space left on device|disk (?:is )?full|storage limit|could not extend file/,
  ],
  [
    'expired_credential',
    'a credential is expired or refused (authentication)',
    /(?:token|password|credential|secret|certificate|api key|access key|key pair)s? (?:has |have |is |was |are )?(?:expired|revoked|invalid)|(?:expired|invalid|incorrect|bad) (?:token|password|credential|certificate|api key|access key|username|login|client secret)|authentication (?:failed|error|failure)|login failed|401 unauthori[sz]ed|\b401\b.{0,40}unauthori[sz]ed|unauthori[sz]ed.{0,20}\b401\b|invalid_grant|jwt token is invalid|expiredtoken/,
  ],
  [
    'permission',
    'a permission is missing (access denied)',
    /permission denied|access ?denied|insufficient privileges?|not authori[sz]ed|403 forbidden|\b403\b.{0,40}forbidden|forbidden.{0,20}\b403\b|does not have .{0,60}?(?:permission|privilege|access)|permissionerror|must be owner of/,
  ],
  [
    'code',
    'the code itself fails',
    /syntaxerror|indentationerror|nameerror|attributeerror|modulenotfounderror|importerror|zerodivisionerror|indexerror|typeerror|notimplementederror|syntax error|compilation error|nullpointerexception|classnotfoundexception|undefinederror|is undefined|broken dag/,
  ],
  [
    'schema_rejected',
    'a schema does not fit what reads it (incompatible schema change)',
    /schema .{0,80}?(?:is |are )?(?:incompatible|not compatible|rejected)|incompatible (?:avro |protobuf |json )?schema|schemaincompatible|incompatibleschema|avrotypeexception|schema evolution/,
  ],
  [
    'type_mismatch',
    'a value or type does not fit (data type mismatch)',
    /invalid input syntax|cannot cast|could not (?:convert|parse)|numeric value .{0,80}? is not recognized|type mismatch|datatype mismatch|out of range|incompatible types?|valueerror|jsondecodeerror|unicodedecodeerror|schema mismatch/,
  ],
  [
    'constraint',
    'the data breaks a constraint',
    /duplicate key|unique constraint|violates .{0,60}?constraint|not-null constraint|integrity constraint|integrityerror|duplicate row|nondeterministic|more than one row/,
  ],
  [
    'missing_input',
    'an input file or object is missing (late upstream delivery)',
    // A sensor that gave up waited for something that did not come: started again it waits again.
    /filenotfounderror|no such file|nosuchkey|sensortimeout|sensor .{0,40}tim(?:ed|e) ?out|snap\. time is out|poking (?:for|.{0,20}(?:file|key|object))|waiting for (?:the |a |vendor |upstream |input |source )*(?:file|key|object|partition|delivery|export)|(?:file|partition|delivery|export) .{0,60}?(?:has not|did not|not yet|hasn't|never) (?:been |yet )?(?:arriv|deliver|land|found|receiv)|404 not found|\b404\b.{0,40}not found|file .{1,200}? (?:does not exist|not found)|(?:missing|no) (?:input )?file|nosuchbucket|empty file/,
  ],
  [
    'assertion',
    'a check in the code failed',
    /assertionerror|assertion failed|data quality check failed|expectation .{0,80}?failed/,
  ],
]

const transient: readonly Row[] = [
  [
    'out_of_memory',
    'the process ran out of memory and was killed (OOM)',
    /oom ?-?kill|out of memory|\boom\b|memoryerror|exit(?:ed)?(?: with)?(?: code| status)?:? ?137|sigkill|signal 9|return code -9|memory limit exceeded/,
  ],
  [
    'rate_limit',
    'the other side limits the rate of requests',
    /(?:http|status|code|error|response)[^\d]{0,20}429\b|too many requests|rate.?limit(?:ed|s? (?:exceeded|reached|hit))|throttl(?:ed|ing)/,
  ],
  [
    'unavailable',
    'a service was unavailable for a while',
    /(?:http|status|code|error|response)[^\d]{0,20}50[0234]\b|\b50[234] (?:bad|service|gateway|server)|service (?:is )?(?:temporarily )?unavailable|bad gateway|gateway time-?out|temporarily unavailable|server is starting up|the database system is (?:starting|shutting)|internal server error/,
  ],
  [
    'connection',
    'a network connection was lost',
    /connection .{0,60}?(?:reset|refused|closed|aborted|lost|terminated|dropped)|could not connect|econnreset|econnrefused|broken pipe|server closed the connection|network (?:is )?unreachable|name resolution|eai_again|socket hang up|ssl syscall|connection error|connectionerror/,
  ],
  [
    'timeout',
    'a call timed out',
    /timed[ -]?out|timeout ?(?:error|exception|expired|exceeded|after|while|waiting|reached)|(?:read|connect|connection|request|query|statement|socket|gateway|lock) time-?out(?! ?[=:])|etimedout|deadline exceeded/,
  ],
  [
    'deadlock',
    'two transactions blocked each other (deadlock)',
    /deadlock|could not serialize|serialization failure|lock wait/,
  ],
  [
    'worker_lost',
    'the worker that ran it was lost',
    /zombie|(?:lost|missed|missing|no|without) (?:a )?heartbeat|heartbeat (?:was |is )?(?:lost|missed|missing|timed)|worker (?:was )?(?:lost|died|terminated)|preempt|spot instance|evicted|node (?:was )?(?:lost|drained|terminated|shut ?down)|executor lost|pod .{0,80}?(?:deleted|terminated)/,
  ],
]

/**
 * What kind of failure the text tells of; null when it says nothing known. Where both kinds appear, the deterministic
 * one counts: a lost connection in the log of a query that names a missing column is not why it fails.
 * Reads the last 8,000 characters, where a log has its error.
 */
export function classifyFailure(text: string | null | undefined): FailureClass | null {
  if (!text) return null
  const words = text.slice(-8000)
  return find(deterministic, words, true) ?? find(transient, words, false)
}

function find(rows: readonly Row[], words: string, isDeterministic: boolean): FailureClass | null {
  const lower = words.toLowerCase()
  for (const [name, says, pattern] of rows) {
    const at = lower.search(pattern)
    if (at >= 0) return { name, says, deterministic: isDeterministic, quote: quoteAt(words, at) }
  }
  return null
}

/** The class in words, and the failure's own. */
export function spellFailure({ says, quote }: FailureClass): string {
  return `${says}: "${quote}"`
}

/** From there to the end of the line. Only this much: what stands before it may be anybody's words. */
function quoteAt(words: string, at: number): string {
  const end = words.indexOf('\n', at)
  return oneLine(words.slice(at, end < 0 ? undefined : end), 120)
}
