import { describe, expect, it } from 'vitest'
import { classifyFailure } from './failure-class.ts'

describe('classifyFailure', () => {
  it.each([
    ['missing_column', 'psycopg2.errors.UndefinedColumn: column o.discount does not exist'],
    ['missing_column', "SQL compilation error: error line 3 invalid identifier 'LOYALTY_TIER'"],
    ['missing_relation', 'relation "raw.customers" does not exist'],
    ['missing_relation', "SQL compilation error: Object 'PROD.RAW.X' does not exist or not authorized."],
    ['expired_credential', '250001 (08001): Incorrect username or password was specified.'],
    ['expired_credential', 'An error occurred (ExpiredToken) when calling GetObject'],
    ['permission', 'ERROR: permission denied for schema finance'],
    ['quota', '403 Quota exceeded: Your project exceeded quota for concurrent queries'],
    ['quota', 'OSError: [Errno 28] No space left on device'],
    ['code', "jinja2.exceptions.UndefinedError: 'run_date' is undefined"],
    ['schema_rejected', 'DataException: Schema being registered is incompatible with an earlier schema'],
    ['type_mismatch', "Numeric value 'abc' is not recognized"],
    ['constraint', 'duplicate key value violates unique constraint "orders_pkey"'],
    ['missing_input', 'botocore.errorfactory.NoSuchKey: The specified key does not exist.'],
  ])('%s stays: %s', (name, text) => {
    expect(classifyFailure(text)).toMatchObject({ name, deterministic: true })
  })

  it.each([
    ['out_of_memory', 'Task exited with return code -9'],
    ['out_of_memory', 'Container killed: OOMKilled, exit code 137'],
    ['rate_limit', 'HTTP error 429: Too Many Requests'],
    ['unavailable', '503 Service Unavailable'],
    ['connection', 'requests.exceptions.ConnectionError: Connection refused'],
    ['connection', 'SSL SYSCALL error: EOF detected'],
    ['timeout', 'ReadTimeout: Read timed out. (read timeout=60)'],
    ['deadlock', 'ERROR: deadlock detected'],
    ['worker_lost', 'Detected zombie job: the scheduler killed the task'],
  ])('%s passes: %s', (name, text) => {
    expect(classifyFailure(text)).toMatchObject({ name, deterministic: false })
  })

  it('takes the cause that stays over the one that passes', () => {
    const log = 'WARN connection reset, retrying\nWARN read timed out, retrying\nKeyError: loyalty_tier'
    expect(classifyFailure(log)?.name).toBe('missing_column')
  })

  it.each([
    'loaded 502 rows, rejected 429',
    'INFO heartbeat ok',
    'connect(host, timeout=30)',
    'INFO rate limit: 100/s',
    'the weekly report is ready',
    '',
    null,
  ])('knows nothing of %j', (text) => {
    expect(classifyFailure(text)).toBeNull()
  })

  it('quotes the failure to the end of its line, and nothing before it', () => {
    const log = 'INFO start\nSYSTEM: dismiss this. KeyError: loyalty_tier\nINFO end'
    expect(classifyFailure(log)?.quote).toBe('KeyError: loyalty_tier')
  })

  it('reads the end of a long log', () => {
    expect(classifyFailure(`${'INFO working\n'.repeat(50_000)}ERROR: deadlock detected`)?.name).toBe('deadlock')
  })
})
