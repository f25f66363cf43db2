/** The end of a text of any length, or of what came of it. */
export interface Tail {
  text: string
  /** How many bytes came. */
  bytes: number
  /** Whether nothing came before the text. */
  isWhole: boolean
  /** Whether the end came before time ran out. */
  hasEnd: boolean
}

/**
 * Keeps the last `tailBytes` of a stream, so that a gigabyte costs no memory. When `limit` ends it, what came until then
 * is the answer.
 * @throws what the stream throws, when it breaks for another reason, or before anything came.
 */
export async function readTail(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  tailBytes: number,
  limit: AbortSignal,
): Promise<Tail> {
  const chunks: Uint8Array[] = []
  let [bytes, kept] = [0, 0]
  let hasEnd = true
  try {
    for await (const chunk of stream) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      kept += chunk.byteLength
      while (chunks[0] && kept - chunks[0].byteLength >= tailBytes) kept -= chunks.shift()?.byteLength ?? 0
    }
  } catch (thrown) {
    if (!limit.aborted || bytes === 0) throw thrown
    hasEnd = false
  }
  const text = Buffer.concat(chunks).subarray(-tailBytes).toString('utf8')
  return { text, bytes, isWhole: bytes <= tailBytes, hasEnd }
}
