const mark = '[redacted]'

/** Shorter values are words of every text (`admin`), and replacing them would hide more than it protects. */
const minimalSecretLength = 6

/**
 * Secrets that show by their shape. Every repetition is bounded or starts at a boundary, so that time stays linear.
 * Those of the first list stand in a URL.
 */
const inUrls: readonly (readonly [RegExp, string])[] = [
  // A Kestra webhook carries its key in the path.
  [/(\/executions\/webhook\/[^\s/"']{1,128}\/[^\s/"']{1,128}\/)[^\s"'<>?#&\\[]{1,512}/g, `$1${mark}`],
  [/(\bhooks\.slack(?:-gov)?\.com\/)(?:services|workflows|triggers)\/[^\s"'<>|\\]{1,256}/gi, `$1${mark}`],
  [/(\bdiscord(?:app)?\.com\/api\/webhooks\/|\.webhook\.office\.com\/)[^\s"'<>|\\[]{1,512}/gi, `$1${mark}`],
]
const anywhere: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|apikey|api-key|geniekey|splunk)[ \t]{1,4}[\w.~+/=-]{8,4096}/gi, `$1 ${mark}`],
  // `Basic` is also a word: credentials in base64 hold a digit, a capital or a `=`.
  [/\b([Bb]asic|BASIC)[ \t]{1,4}(?=[a-z+/]{0,64}[\dA-Z=])[A-Za-z\d+/]{6,4096}={0,2}/g, `$1 ${mark}`],
  [tokenShape(), mark],
]

/** What all of those in URLs have in them, and those with a scheme of authorization. */
const hook = /hook/i
const everywhere = [...inUrls, ...anywhere]

/** Tokens that are told by how they begin: https://docs.github.com/code-security/secret-scanning lists most of them. */
function tokenShape(): RegExp {
  const shapes = [
    'eyJ[\\w-]{8,8192}\\.[\\w-]{4,8192}(?:\\.[\\w-]{1,8192}){0,3}',
    '(?:AKIA|ASIA|ABIA|ACCA)[A-Z\\d]{16}(?![A-Z\\d])',
    'xox[a-z]-[\\w-]{8,512}',
    'xapp-[\\w-]{8,512}',
    'AIza[\\w-]{30,64}',
    'AQ\\.[\\w-]{30,128}',
    'ya29\\.[\\w.-]{16,2048}',
    'GOCSPX-[\\w-]{16,64}',
    '(?:gh[opsur]_|github_pat_|glpat-|glsa_|glc_|hf_|npm_|dbtc_|dbtu_|pypi-|hvs\\.|dop_v1_)[\\w-]{16,512}',
    '(?:sk|rk|pk|whsec)[-_][\\w-]{20,512}',
    'SG\\.[\\w-]{16,64}\\.[\\w-]{16,128}',
    'dapi[\\da-f]{32}(?:-\\d)?',
    // Our own: console/security/bearer.ts.
    'dim_[\\w.-]{1,150}~[\\w-]{43}',
  ]
  return new RegExp(`(?<![\\w-])(?:${shapes.join('|')})`, 'g')
}

/** Words at the end of a name that say that its value is secret: `AIRFLOW_PASSWORD`, `db.password`, `accessToken`. */
const secretWord = [
  'password|passwd|passphrase|passcode|pwd|(?<=[_.-])pass',
  'secret|secrets|credential|credentials|cookie|cookies|authorization|(?<=_)auth',
  '(?<!max[_-]?)token|session[_-]?id|(?<![a-z])sig|(?<=[_-])signature|webhook[_-]?url',
  '(?:api|app|access|account|auth|client|encryption|integration|license|master|private|routing|secret|service|shared|signing|ssh|storage|webhook)[_-]?key',
].join('|')
const suffix = '(?:[_-]?(?:value|hash|previous|prod|production|staging|dev|test|\\d{1,3}))?'

const secretName = new RegExp(`(?:${secretWord})${suffix}$`, 'i')

/** A secret name and what stands between it and its value: `name=`, `"name": `, `name => `, `name%3D`, `<name>`, `--name `. */
const assignment = new RegExp(
  [
    `(?:${secretWord})${suffix}(?:\\\\{0,8}["'\`\\]]{0,2}[ \\t]{0,20}(?:=>|:=|[:=])[ \\t]{0,20}|%3[ad]|>)`,
    `--[a-z\\d-]{0,40}(?:${secretWord})[ \\t]{1,4}`,
  ].join('|'),
  'gi',
)
/** What every assignment has in it: something that assigns, and the core of a secret word. Quickly said of most texts. */
const assigning = /[=:>%]|--/
const secretCore = /pass|pwd|secret|credential|cookie|auth|token|session|sig|hook|key/i
const privateKey = /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g

/** What every secret that shows by name or shape has in it. Most texts have none of it, and are done at once. */
const suspicious = /[=:>%]|--|[\w.+/-]{12}|\b(?:bearer|basic|splunk|geniekey|api-?key)\b/i

/**
 * The text without secrets: those given by value (also as they look in a URL, in base64 and inside JSON), those whose
 * name says so, and those whose shape does. Takes time linear in the text. Redacting twice changes nothing more.
 */
export function redact(text: string, secretValues: readonly string[] = []): string {
  let clean = withoutValues(text, secretValues)
  if (!suspicious.test(clean)) return clean
  clean = withoutPrivateKeys(clean)
  if (clean.includes('@')) clean = withoutLogins(clean)
  const shapes = hook.test(clean) ? everywhere : anywhere
  for (const [pattern, replacement] of shapes) clean = clean.replace(pattern, replacement)
  return assigning.test(clean) && secretCore.test(clean) ? withoutNamedValues(clean) : clean
}

/** A copy of a JSON-like value in which every string is redacted, and whatever stands under a secret name is gone, a key `__proto__` too. */
export function redactDeep(value: unknown, secretValues: readonly string[] = [], depth = 0): unknown {
  if (typeof value === 'string') return redact(value, secretValues)
  if (typeof value !== 'object' || value === null) return value
  if (depth > 200) return mark
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, secretValues, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') continue
    const isSecret = item !== null && typeof item !== 'boolean' && isSecretName(key)
    copy[key] = isSecret ? mark : redactDeep(item, secretValues, depth + 1)
  }
  return copy
}

/** Keys come again and again. */
const knownNames = new Map<string, boolean>()

/** Whether a name says that its value is secret. */
export function isSecretName(name: string): boolean {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const isSecret = secretName.test(name.slice(-80))
  if (name.length <= 80 && knownNames.size < 5000) knownNames.set(name, isSecret)
  return isSecret
}

function withoutValues(text: string, secretValues: readonly string[]): string {
  if (secretValues.length === 0) return text
  let clean = text
  const longestFirst = [...secretValues].sort((a, b) => b.length - a.length)
  for (const value of longestFirst) {
    if (value.length < minimalSecretLength) continue
    for (const spelling of spellings(value)) clean = clean.replaceAll(spelling, mark)
  }
  return clean
}

function spellings(value: string): Set<string> {
  const wellFormed = value.toWellFormed()
  return new Set([
    value,
    encodeURIComponent(wellFormed),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(wellFormed).toString('base64'),
  ])
}

/** From a key's first line to its last, or to the end of the text when it was cut. */
function withoutPrivateKeys(text: string): string {
  if (!text.includes('-----BEGIN ')) return text
  let clean = ''
  let position = 0
  for (const { index } of text.matchAll(privateKey)) {
    if (index < position) continue
    const end = text.indexOf('-----END', index)
    const lineEnd = end < 0 ? -1 : text.indexOf('-----', end + 8)
    clean += `${text.slice(position, index)}${mark}`
    position = lineEnd < 0 ? text.length : lineEnd + 5
    if (lineEnd < 0) break
  }
  return clean + text.slice(position)
}

const loginEnd = /[\s@"'<>\\]/g
/** user:password@ and token@. The password may hold a slash; a port followed by a path is none. */
const login = /^(?:[^/?#]{0,256}|[^/?#:]{0,128}:(?!\d{1,5}[/?#]).{1,256})$/
const longestLogin = 385

/** Where one ends is looked for once for all the places before it where one may begin. */
function withoutLogins(text: string): string {
  let clean = ''
  let position = 0
  let end = -1
  for (let start = text.indexOf('://'); start >= 0; start = text.indexOf('://', Math.max(start + 3, position))) {
    const from = start + 3
    if (end < from) {
      loginEnd.lastIndex = from
      end = loginEnd.exec(text)?.index ?? text.length
    }
    if (text[end] !== '@' || end - from > longestLogin || !login.test(text.slice(from, end))) continue
    clean += `${text.slice(position, from)}${mark}`
    position = end
  }
  return clean + text.slice(position)
}

function withoutNamedValues(text: string): string {
  let clean = ''
  let position = 0
  assignment.lastIndex = 0
  for (let match = assignment.exec(text); match; match = assignment.exec(text)) {
    const start = assignment.lastIndex
    const value = findValue(text, start, /^(?:authorization|cookies?)/i.test(match[0]))
    if (!value) continue
    clean += text.slice(position, value.start) + mark
    position = value.end
    assignment.lastIndex = value.end
  }
  return clean + text.slice(position)
}

/** Where the value that begins at `start` lies; null when there is none to hide. */
function findValue(text: string, start: number, wholeLine: boolean): { start: number; end: number } | null {
  if (text.startsWith(mark, start)) return null
  let open = start
  while (text[open] === '\\' && open - start < 8) open += 1
  const quote = text[open]
  if (quote === '"' || quote === "'" || quote === '`') {
    const end = closingQuote(text, open + 1, quote, open - start)
    return end === open + 1 || text.startsWith(mark, open + 1) ? null : { start: open + 1, end }
  }
  const closer = quote === '[' ? ']' : quote === '{' ? '}' : null
  const closed = closer ? text.slice(start, start + 4096).indexOf(closer) : -1
  if (closed > 0) return { start, end: start + closed + 1 }
  let end = start
  while (end < text.length && !(wholeLine ? '\r\n"\'`' : ' \t\r\n,;&"\'`<>').includes(text.charAt(end))) end += 1
  const bare = text.slice(start, Math.min(end, start + 6))
  return end === start || /^(?:null|true|false|none)$/i.test(bare) ? null : { start, end }
}

/** The quote that closes: one behind at most as many backslashes as the opening one; else the end of the line. */
function closingQuote(text: string, start: number, quote: string, escapes: number): number {
  let backslashes = 0
  for (let index = start; index < text.length; index += 1) {
    const character = text[index]
    if (character === '\n') return index
    if (character === quote && backslashes <= escapes) return index - backslashes
    backslashes = character === '\\' ? backslashes + 1 : 0
  }
  return text.length
}
