import { readFile } from 'node:fs/promises'
import type { Document, LineCounter } from 'yaml'
import type { ZodError, ZodType } from 'zod'
import { AppError } from './errors.ts'

const longestFile = 5_000_000
const faultsShown = 50

/**
 * Reads a YAML file that people write, checked by the schema, which may follow from what stands in the file.
 * @throws AppError E_CONFIG_INVALID naming the file and every fault with its line, unknown keys included.
 */
export async function readYamlFile<T>(
  path: string,
  schema: ZodType<T> | ((content: unknown) => Promise<ZodType<T>>),
): Promise<T> {
  const text = await readText(path)
  const { LineCounter, parseDocument } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    throw invalid(
      path,
      broken.map((fault) => ({ line: lines.linePos(fault.pos[0]).line, text: fault.message })),
    )
  }
  const content = toValue(document, path)
  const result = (typeof schema === 'function' ? await schema(content) : schema).safeParse(content)
  if (!result.success) throw invalid(path, schemaFaults(result.error, document, lines))
  return result.data
}

/** A value as YAML that people go on writing, each note as a comment above what it is about. */
export async function formatYaml(
  value: unknown,
  notes: readonly { path: readonly (string | number)[]; text: string }[] = [],
): Promise<string> {
  const { Document, isNode } = await import('yaml')
  const document = new Document(value)
  for (const { path, text } of notes) {
    const node: unknown = document.getIn(path, true)
    // A comment ends with its line, whatever stands in it.
    if (isNode(node)) node.commentBefore = ` ${text.replace(/\s+/g, ' ')}`
  }
  return document.toString({ lineWidth: 120 })
}

interface Fault {
  line: number | null
  text: string
}

async function readText(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.length <= longestFile) return text
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw invalid(path, [{ line: null, text: isMissing ? 'the file is missing' : 'the file can not be read' }], cause)
  }
  throw invalid(path, [{ line: null, text: `the file is longer than ${longestFile} characters` }])
}

/** The plain value. Aliases are bounded: a few lines of them can stand for billions of nodes. */
function toValue(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    throw invalid(path, [{ line: null, text: 'an alias is not known, or aliases are nested too far' }], cause)
  }
}

function schemaFaults(error: ZodError, document: Document, lines: LineCounter): Fault[] {
  const faults: Fault[] = []
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') {
      faults.push({ line: lineOf(issue.path, document, lines), text: `${place(issue.path)}: ${issue.message}` })
      continue
    }
    for (const key of issue.keys) {
      const path = [...issue.path, key]
      faults.push({ line: lineOf(path, document, lines), text: `${place(path)}: unknown key` })
    }
  }
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** The line of a value, or of the nearest thing around it when the value is what is missing. */
function lineOf(path: readonly PropertyKey[], document: Document, lines: LineCounter): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) continue
    const start: unknown = node.range[0]
    if (typeof start === 'number') return lines.linePos(start).line
  }
  return null
}

function place(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.')
}

function invalid(path: string, faults: readonly Fault[], cause?: unknown): AppError {
  const shown = faults
    .slice(0, faultsShown)
    .map((fault) => `\n  ${fault.line === null ? '' : `line ${fault.line}, `}${fault.text}`)
  const rest = faults.length > faultsShown ? `\n  and ${faults.length - faultsShown} more` : ''
  return new AppError(
    'E_CONFIG_INVALID',
    `${path} is not valid (${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}):${shown.join('')}${rest}`,
    'Correct these lines; the example in config/ shows each key.',
    { cause },
  )
}
