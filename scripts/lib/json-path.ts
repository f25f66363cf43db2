import type { JSONValue } from 'json-p3'

/** JSONPath (RFC 9535) over parsed JSON. */
export interface JsonPaths {
  /** What is wrong with a path, or null. */
  faultOf(path: string): string | null
  /** The values that a path leads to, in document order; none for a document that has no such place. */
  query(path: string, document: unknown): unknown[]
}

/** Loads the library, which only a configuration with paths in it needs. */
export async function loadJsonPaths(): Promise<JsonPaths> {
  const { compile, JSONPathError } = await import('json-p3')
  const compiled = new Map<string, ReturnType<typeof compile>>()
  const compiledOf = (path: string) => {
    const known = compiled.get(path) ?? compile(path)
    compiled.set(path, known)
    return known
  }
  return {
    faultOf(path) {
      try {
        compiledOf(path)
        return null
      } catch (thrown) {
        if (thrown instanceof JSONPathError) return thrown.message
        throw thrown
      }
    },
    query(path, document) {
      return isJson(document) ? compiledOf(path).query(document).values() : []
    },
  }
}

/** What was parsed from JSON is JSON; a cheap look at its outside is enough for the library. */
function isJson(value: unknown): value is JSONValue {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint'
}
