import { z } from 'zod'

/** A page's number as it stands in an address: whatever is no number, or beyond measure, is the first page. */
export const PageNumber = z.coerce.number().int().min(1).max(1_000_000).catch(1)

/** What was searched for; what is too long is cut. */
export const SearchText = z
  .string()
  .catch('')
  .transform((text) => text.replaceAll('\0', '').toWellFormed().trim().slice(0, 200))

/** The address with these parameters; an empty one is left out. */
export function address(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}
