import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A secret that nobody can guess: 256 bits, as text that fits into a URL. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of such a secret. It has 256 bits of chance in it, so a fast hash does. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return first !== undefined && second !== undefined && timingSafeEqual(first, second)
}
