import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** A request that is not answered as it asked: the page says what and why. */
export class Refusal extends Error {
  readonly status: ContentfulStatusCode
  readonly hint: string

  constructor(status: ContentfulStatusCode, message: string, hint: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.hint = hint
  }
}

/** Nothing is there; what belongs to another tenant answers the same. */
export function notFound(what = 'This page'): Refusal {
  return new Refusal(404, `${what} does not exist.`, 'Check the address, or start from Now.')
}
