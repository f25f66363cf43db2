import type { ZodType } from 'zod'
import { AppError } from './errors.ts'
import { parseJson } from './json.ts'

/** How an answer is read, and how messages call who gave it. */
export interface Answering {
  system: string
  /** The longest answer that is read, decompressed; default 5 MB. */
  maxBytes?: number
  /** How deep the answer may be nested; default 200. */
  deepest?: number
  /** False for large answers in which no number is an id: see `parseJson`. */
  exact?: boolean
}

/** What is kept of an answer that says that something failed. */
const answerKept = 2_000

/** Reads the body while counting, so that an endless answer costs no more than the cap. */
export async function readText(response: Response, call: Answering): Promise<string> {
  const cap = response.ok ? (call.maxBytes ?? 5_000_000) : answerKept
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Of one that says so itself nothing is read.
  if (response.ok && Number(response.headers.get('content-length')) > cap) {
    await response.body?.cancel()
    throw tooLong(call.system, cap)
  }
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > cap && response.ok) throw tooLong(call.system, cap)
    text += decoder.decode(chunk, { stream: true })
    if (bytes > cap) break
  }
  return response.ok ? text + decoder.decode() : text.slice(0, cap)
}

function tooLong(system: string, cap: number): AppError {
  return new AppError(
    'E_HTTP_ANSWER',
    `${system} answered more than ${cap.toLocaleString('en')} bytes.`,
    'Check the address; an answer this long is not what was asked for.',
  )
}

/** An empty text is `null`. @throws AppError E_HTTP_ANSWER */
export function readJson(text: string, { system, deepest, exact }: Answering): unknown {
  if (text.trim() === '') return null
  try {
    return parseJson(text, { deepest, exact })
  } catch {
    const isPage = /^\s*</.test(text)
    throw new AppError(
      'E_HTTP_ANSWER',
      isPage ? `${system} answered a web page instead of JSON.` : `${system} answered broken or cut-off JSON.`,
      isPage
        ? 'Check the address: a log-in page or a proxy may be in between.'
        : 'Try again; check what is in between.',
    )
  }
}

/** @throws AppError E_HTTP_ANSWER, naming where it breaks the schema and not what stands there */
export function checked<T>(value: unknown, schema: ZodType<T>, system: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const places = result.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`)
  throw new AppError(
    'E_HTTP_ANSWER',
    `${system} answered in a shape that is not known (${places.join('; ')}).`,
    'Check that its version is one that SETUP.md names.',
  )
}
