import { z } from 'zod'

/** What a password must be. Long ones beat rules about their characters. */
export const Password = z
  .string()
  .min(12, 'must have 12 characters or more')
  .max(200, 'must have 200 characters or fewer')
  .refine((text) => new Set(text).size >= 5, 'must not be one character over and over')

/** OWASP's choice for argon2id: 19 MiB, two passes (https://cheatsheetseries.owasp.org, Password Storage). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** A hash that no password has: checking against it takes as long as against a real one. */
let decoy: Promise<string> | undefined

export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('@node-rs/argon2')
  return hash(password, cost)
}

/** Whether the password is the one. Nobody of that name (`null`) costs the same time and is always false. */
export async function checkPassword(kept: string | null, password: string): Promise<boolean> {
  const { verify } = await import('@node-rs/argon2')
  decoy ??= hashPassword('nobody has this one')
  const isRight = await verify(kept ?? (await decoy), password.slice(0, 200)).catch(() => false)
  return kept !== null && isRight
}
